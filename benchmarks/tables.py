"""The tables of docs/dispatch.md, written from the tables in the code.

python benchmarks/tables.py --write     write them
python benchmarks/tables.py --check     exit with 1 if they say something else than the code does
"""

import sys
from pathlib import Path

from linreg_fast.data import precision
from linreg_fast.kernels import RUNGS
from linreg_fast.kernels.moments.ways import WAYS
from linreg_fast.kernels.tuning import FAST_MOST_ELEMENTS
from linreg_fast.solvers import SOLVERS, auto

PAGE = Path(__file__).parents[1] / "docs" / "dispatch.md"


def _table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def _size(example):
    n, p, dtype = example
    return f"{n:,} x {p} {dtype}".replace(",", " ")


def _stages():
    """The numbered list of auto's docstring, which the stages follow."""
    lines = auto.__doc__.split("\n")
    first = next(k for k, line in enumerate(lines) if line.startswith("1. "))
    last = next(k for k, line in enumerate(lines) if k > first and not line)
    return "\n".join(lines[first:last])


def _limits():
    small, large = FAST_MOST_ELEMENTS, precision.LARGE_ELEMENTS
    shapes = ((small // 10, 10), (small // 10 + 1, 10), (large // 10, 10))
    names = (f"up to {small:,}", f"under {large:,}", "more")
    rows = []
    for name, shape in zip(names, shapes, strict=True):
        condition, signal = precision.plain_limits(*shape)
        rows.append((name, f"{condition:.3g}", f"{signal:g}"))
    return _table(("elements of X", "condition number (10 columns)", "target / signal"), rows)


SECTIONS = {
    "stages": _stages,
    "limits": _limits,
    "ways": lambda: _table(
        ("way", "asked by", "takes", "idea", "a shape that goes this way", "gain"),
        [(f"`{w.name}`", w.rung, w.shapes, w.why, _size(w.example), w.gain) for w in WAYS.values()],
    ),
    "rungs": lambda: _table(
        ("rung", "what this step changes"), [(f"`{r.name}`", r.why) for r in RUNGS.values()]
    ),
    "solvers": lambda: _table(
        ("solver", "when", "costs"), [(f"`{s.name}`", s.when, s.flops) for s in SOLVERS.values()]
    ),
}


def written(text):
    """The page with every section between its markers written anew."""
    for name, section in SECTIONS.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        before, found, rest = text.partition(begin)
        _, ended, after = rest.partition(end)
        if not (found and ended):
            raise ValueError(f"{PAGE} has no section between {begin!r} and {end!r}")
        text = f"{before}{begin}{section()}\n{end}{after}"
    return text


def main(arguments):
    text = PAGE.read_text()
    if "--write" in arguments:
        PAGE.write_text(written(text))
    elif written(text) != text:
        print(f"{PAGE} is not what the code says: python benchmarks/tables.py --write")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
