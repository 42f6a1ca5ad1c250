"""The command bench."""

import math

from linreg_fast.cli import lab
from linreg_fast.cli.common import Command, Names, count
from linreg_fast.cli.tables import add_columns, add_reading, read_rows

EXAMPLES = """\
  linreg-fast bench                              the real diabetes data and 1 000 000 x 10
  linreg-fast bench --quick --problem fit
  linreg-fast bench --problem groups,rolling,cv,screen,p_values --peers
  linreg-fast bench --problem people --peers     correlated columns, dummies, frames, first calls...
  linreg-fast bench --problem sources --peers    one file, read and fitted by all that is installed
  linreg-fast bench --n 200000 --p 50 --problem moments,fit
  linreg-fast bench --data houses.csv --target price --json result.json
  linreg-fast bench --data houses.csv --target price --features area,rooms
"""
EXAMPLES += lab.EXAMPLES
ALL_OF_PEOPLE = "people"
DRAWN = ("p_values",)  # have targets of their own


def _checked_problems(options):
    """The problems asked for; a ValueError for options that contradict each other."""
    from linreg_fast.bench.cases import OWN_DATA, PEOPLE, PROBLEMS

    known = _problems()
    asked = ",".join(PROBLEMS) if options.problem is None else options.problem
    problems = []
    for name in filter(None, map(str.strip, asked.split(","))):
        every = PEOPLE if name == ALL_OF_PEOPLE else (name,)
        problems += [one for one in every if one not in problems]
    for name in problems:
        if name not in known:
            raise ValueError(f"unknown problem {name!r}: choose of {', '.join(known)}")
    if not problems:
        raise ValueError(f"--problem names none: choose of {', '.join(known)}")
    if (options.data is None) != (options.target is None):
        raise ValueError("--data and --target go together")
    for name in ("features", "exclude", "categorical"):
        if getattr(options, name) is not None and options.data is None:
            raise ValueError(f"--{name} are columns of --data")
    own = [name for name in problems if name in OWN_DATA]
    if options.data is not None and own:
        raise ValueError(f"{', '.join(own)} draw their own data: leave --data out")
    if (options.n is None) != (options.p is None):
        raise ValueError("--n and --p go together")
    if options.data is not None and options.n is not None:
        raise ValueError("--data and --n are two different things to compare on: give one")
    return problems


def _bench_data(options, problems):
    """(label, X, y) of each data set to compare on."""
    from linreg_fast.bench import cases, many, report, sweep
    from linreg_fast.bench.cases import OWN_DATA

    if options.data is not None:
        rows = read_rows(options)
        X, y = rows.X, rows.y
        largest = max(abs(X).max(), abs(y).max())
        if not largest * largest * X.size < math.inf:
            raise ValueError(f"{options.data}: squares of these numbers overflow: use other units")
        return [(options.data, X, y)]
    if options.n is not None:
        sweep.check_size(options.n, options.p)
        if all(name in OWN_DATA for name in problems):
            return []
        usual = tuple(name for name in problems if name not in (*OWN_DATA, *DRAWN))
        found = [("generated", *cases.generate(options.n, options.p), usual)] if usual else []
        for name in set(problems) & set(DRAWN):
            sweep.check_size(options.n, options.p + many.targets_of(name, options.quick))
            drawn = many.draw(name, options.n, options.p, options.quick)
            found.append((*drawn, (name,)))
        return found
    return report.default_data(options.quick, problems)


def run(options):
    problems = _checked_problems(options)
    return lab.run(options, problems, lambda: _bench_data(options, problems))


def _problems():
    from linreg_fast.bench.cases import MANY, OWN_DATA, PROBLEMS

    return (*PROBLEMS, *MANY, ALL_OF_PEOPLE, *OWN_DATA)


def add_options(command):
    command.add_argument("--quick", action="store_true", help="less data, shorter timings")
    command.add_argument(
        "--problem",
        metavar="A,B",
        choices=Names(_problems, open=True),
        help="some of %(choices)s (default: the first four)",
    )
    command.add_argument("--n", type=count, help="rows of generated data (with --p)")
    command.add_argument("--p", type=count, help="features of generated data (with --n)")
    command.add_argument("--json", metavar="FILE", help="also write the numbers here")
    command.add_argument("--data", metavar="FILE", help="compare on this table (with --target)")
    lab.add_options(command)
    add_columns(command, required=False)
    add_reading(command, "leaves them out and says how many")


COMMAND = Command(
    "bench", "run, check and time every rung and every solver", EXAMPLES, add_options, run
)
