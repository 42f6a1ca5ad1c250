"""Every row of every table under pytest-benchmark, compared with scikit-learn before it is timed.

pytest benchmarks --benchmark-enable                       all of them
pytest benchmarks --benchmark-enable -k "fit and diabetes" one group
pytest                                                     each once, as a test
"""

import pytest

from linreg_fast.bench.cases import PROBLEMS, bytes_of, flops, rows
from linreg_fast.bench.expected import compared
from linreg_fast.bench.measure import affordable_rows
from linreg_fast.data.gate import frozen

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
