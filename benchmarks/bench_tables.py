"""Every row of every table under pytest-benchmark, compared with scikit-learn before it is timed.

pytest benchmarks --benchmark-enable                       all of them
pytest benchmarks --benchmark-enable -k "fit and diabetes" one group
pytest                                                     each once, as a test
"""

import pytest

from linreg_fast.bench import limits, verdict
from linreg_fast.bench.affordable import affordable_rows
from linreg_fast.bench.agreement import compared
from linreg_fast.bench.cases import PROBLEMS, bytes_of, flops, rows
from linreg_fast.bench.rounds import Rounds
from linreg_fast.data.gate import frozen

MOST_PERCENT = 110  # of the limit: above, the bench is wrong

TABLE = [(problem, row) for problem in PROBLEMS for row in rows(problem)]
IDS = [f"{problem}-{row.name.replace(' ', '_')}" for problem, row in TABLE]


@pytest.mark.parametrize("label", ["diabetes", "generated"])
@pytest.mark.parametrize(("problem", "row"), TABLE, ids=IDS)
def test_row(benchmark, data, problem, row, label):
    X, y = data[label]
    n_rows = affordable_rows(problem, row, X, y)
    part = frozen(X[:n_rows]), frozen(y[:n_rows])

    found, allowed = compared(problem, row, *part, row.solve(*part))  # compiles, too
    assert found <= allowed, f"{row.name} differs by {found:.1e}, allowed {allowed:.0e}"

    benchmark.group = f"{problem}, {label} {len(X)} x {X.shape[1]}"
    benchmark.extra_info.update(
        bytes=bytes_of(*part),
        flops=flops(problem, *part[0].shape),
        reads_of_X=row.reads,
        disagreement=found,
        rows=n_rows,
        of_rows=len(X),
    )
    result = benchmark(row.solve, *part)
    assert compared(problem, row, *part, result)[0] <= allowed
    if benchmark.enabled:
        benchmark.extra_info.update(facts_of_rounds(problem, row, part))
        assert benchmark.extra_info["percent_of_limit"] <= MOST_PERCENT


def facts_of_rounds(problem, row, part):
    """The row's time and its limit of the same rounds, beside what pytest-benchmark measures."""
    least = limits.calls(*part)
    rounds = Rounds({row.name: lambda: row.solve(*part), **least}, least).run(0.2)
    middle, found = verdict.typical(*rounds.scaled(row.name)), limits.of(rounds, *part)
    seconds = found.seconds(flops(problem, *part[0].shape)) if found else 0.0
    return {
        "median_of_rounds": middle.median,
        "busy": middle.busy,
        "limit": seconds,
        "percent_of_limit": 100 * seconds / middle.median,
    }
