"""The numbers, sources and picture of docs/ladder.md, from a bench of gradient steps.

python benchmarks/ladder.py           measure and print the sections
python benchmarks/ladder.py --write   and write them into the page (about a minute)
"""

import inspect
import sys
import textwrap

from readme import ROOT, write_section

from linreg_fast import GradientDescentRegressor
from linreg_fast.bench import code, pictures, record, verdict
from linreg_fast.bench.cases import generate
from linreg_fast.bench.rounds import Rounds
from linreg_fast.bench.session import Plan, Session
from linreg_fast.kernels import RUNGS
from linreg_fast.kernels.rungs import compensated, jit, loops, parallel, vectorized
from linreg_fast.kernels.steps import by_rows
from linreg_fast.wording import seconds

PAGE = ROOT / "docs" / "ladder.md"
SMALL, LARGE = (442, 10), (1_000_000, 10)
STEPS, DESCENT = 500, (200_000, 10)
# function, a part of the first line shown, lines
SOURCES = {
    "loops": (loops.gradient, "for x, target, weight", 8),
    "vectorized": (vectorized.gradient, "residual =", 3),
    "jit": (jit.gradient_rows, "residual = intercept", 6),
    "parallel": (parallel._gradient_block, "found =", 3),
    "tiled": (by_rows.gradient_block, "memory.prefetch", 6),
    "compensated": (compensated.gradient_block, "for j in range(p):", 4),
}


def excerpt(name):
    """A few lines of a rung, as markdown."""
    function, first, n = SOURCES[name]
    lines = inspect.getsource(getattr(function, "py_func", function)).splitlines()
    start = next(k for k, line in enumerate(lines) if first in line)
    text = textwrap.dedent("\n".join(lines[start : start + n]))
    return f"```python\n{text}\n```"


def shown(table, name, hot):
    """What the table shows for a rung, as a sentence."""
    row = next(row for row in table["rows"] if row["name"] == name)
    about = "about " if row["scaled"] else ""
    yield f"{about}{seconds(row['median'])}, {record.percent(row['percent'])} of the limit"
    speed = record.speed_up(row["against"])
    if speed:
        middle, low, high = speed
        yield (
            f"{middle:.2g} times as fast as `{row['against']['row']}` ({low:.2g} to {high:.2g}, "
            f"{row['against']['word']})"
        )
    yield f"where the time goes: {record.where(row)}"
    facts = hot.get("facts")
    if facts:
        yield (
            f"the loop over the rows: {facts['vector']} vector, {facts['scalar']} scalar "
            f"and {facts['move']} move instructions of {facts['instructions']}, "
            f"{facts['flops per instruction']:.1f} flops for each; "
            f"{hot['of them without vectors']} of {hot['other loops']} other loops are without "
            "vectors"
        )
    if row["busy"]:
        yield "measured while others used the machine: too few undisturbed samples"


def small_table(table):
    """The ladder of a small problem, in markdown."""
    yield "| rung | time | of it the call | x above |"
    yield "|---|---:|---:|---:|"
    for row in record.timed(table):
        speed = record.speed_up(row["against"])
        call = row["parts"]["the call"] / row["median"] if row["parts"] else 0
        ratio = f"{speed[0]:.2g} ({speed[1]:.2g}-{speed[2]:.2g})" if speed else ""
        yield f"| `{row['name']}` | {seconds(row['median'])} | {call:.0%} | {ratio} |"
    for name, facts in (table["pays"] or {}).items():
        told = "at none of these sizes" if not facts["from"] else f"from {facts['from']} rows on"
        yield f"\n`{name}` is faster than the rung above, beyond noise, {told}."


def by_moments():
    """A descent on the rows and in the space of the moments, in the same rounds."""
    X, y = generate(*DESCENT)

    def fit(space):
        model = GradientDescentRegressor(space=space, max_iter=STEPS, tol=0)
        return lambda: model.fit(X, y)

    calls = {space: fit(space) for space in ("data", "gram")}
    for call in calls.values():
        call()
    rounds = Rounds(calls).run(2.0)
    rows, gram = (verdict.typical(*rounds.scaled(space)).median for space in ("data", "gram"))
    ratio = verdict.compared(rounds.scaled("data"), rounds.scaled("gram"))
    size = f"{DESCENT[0]:,} x {DESCENT[1]}".replace(",", " ")
    return (
        f"{STEPS} steps on {size}: {seconds(rows)} on the rows, {seconds(gram)} in the space of "
        f"the moments: {ratio.ratio:.0f} times as fast ({ratio.low:.0f} to {ratio.high:.0f})."
    )


def main(arguments):
    import warnings

    warnings.simplefilter("ignore")  # a descent of so many steps does not arrive
    session = Session(Plan(("gradient",), 0.5), lambda text: print(text, file=sys.stderr))
    found = session.run([("small", *generate(*SMALL)), ("large", *generate(*LARGE))])
    small, large = found["tables"]
    hot = {one["rung"]: one["hot"] for one in code.of_tables([large])}
    facts = found["machine"]
    weather = found["weather"]["sentence"]
    sections = {
        "machine": f"{facts['model']} ({facts['processor']}), {facts['cores']} cores, "
        f"{facts['vector']} to a vector, {facts['blas']}, numba {facts['numba']}."
        + (f" {weather[:1].upper()}{weather[1:]}." if weather else ""),
        "limit": large["sentence"],
        "small": "\n".join(small_table(small)),
        "moments": by_moments(),
    }
    for name in RUNGS:
        told = "\n".join(f"- {line}" for line in shown(large, name, hot.get(name, {})))
        sections[name] = f"{excerpt(name)}\n\n{told}"
    for name, text in sections.items():
        print(f"\n[{name}]\n{text}")
        if "--write" in arguments:
            write_section(f"ladder-{name}", text, PAGE)
    if "--write" in arguments:
        pictures.save(str(PAGE.with_suffix(".svg")), {"tables": [large]})


if __name__ == "__main__":
    main(sys.argv[1:])
