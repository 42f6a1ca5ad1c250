"""The command line: fit, descend, predict, score, bench, demo, info.

Exit codes: 0, 1 when a check failed, 2 for usage and unusable input. Heavy imports happen inside
the commands, so `--help` and `--version` are quick.
"""

import argparse
import io
import os
import sys
import warnings

from linreg_fast import __version__
from linreg_fast.cli.common import closed_output
from linreg_fast.cli.comparisons import PROBLEMS, bench, demo, info
from linreg_fast.cli.models import descend, fit, predict, score
from linreg_fast.runtime.interrupt import as_keyboard_interrupt

DEMOS = ("age", "drug", "diabetes", "line")

FIT_HELP = """examples:
  linreg-fast fit houses.csv --target price
  linreg-fast fit houses.csv --target price --features area,rooms --out model.json
  linreg-fast fit houses.parquet --target price --weights n_sold --solver svd
  linreg-fast fit houses.csv --target price --features area --plot line.png
"""
DESCEND_HELP = """examples:
  linreg-fast descend houses.csv --target price
  linreg-fast descend houses.csv --target price --method nesterov --plot loss.png
  linreg-fast descend houses.csv --target price --raw --learning-rate 1e-5 --max-iter 5000
"""
PREDICT_HELP = """examples:
  linreg-fast predict model.json new_houses.csv
  linreg-fast predict model.json new_houses.csv --out predicted.csv
"""
SCORE_HELP = """examples:
  linreg-fast score model.json test_houses.csv
  linreg-fast score model.json test_houses.csv --weights n_sold
"""
BENCH_HELP = """examples:
  linreg-fast bench                              the real diabetes data and 1 000 000 x 10
  linreg-fast bench --quick --problem fit
  linreg-fast bench --n 200000 --p 50 --problem moments,fit
  linreg-fast bench --data houses.csv --target price --json result.json
  linreg-fast bench --data houses.csv --target price --features area,rooms
"""
DEMO_HELP = """examples:
  linreg-fast demo age
  linreg-fast demo diabetes --plot picture.png
"""


def _parser():
    parser = argparse.ArgumentParser(
        prog="linreg-fast",
        description="Least squares at the speed of memory, with digits you can trust.",
        epilog="linreg-fast COMMAND --help shows examples of each.",
    )
    parser.add_argument("--version", action="version", version=f"linreg-fast {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name, run, help, epilog=None):
        added = commands.add_parser(
            name,
            help=help,
            description=help[0].upper() + help[1:] + ".",
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        added.set_defaults(run=run)
        return added

    command = add(
        "fit", fit, "fit a table: equation, coefficients, R2, rank, why this solver", FIT_HELP
    )
    command.add_argument(
        "data", metavar="DATA", help="CSV; Parquet or Feather with the extra 'arrow'"
    )
    command.add_argument("--target", required=True, help="the column to explain")
    command.add_argument(
        "--features", help="columns to explain it by, a,b,c; default: all the others"
    )
    command.add_argument("--weights", help="a column of row weights, 0 or more")
    command.add_argument(
        "--solver",
        default="auto",
        help="auto (default), cholesky, qr, svd, lsqr, nnls or gradient_descent",
    )
    command.add_argument("--out", metavar="FILE", help="write the model as JSON")
    command.add_argument(
        "--plot", metavar="FILE", help="draw the line, or predicted against actual"
    )

    command = add(
        "descend", descend, "fit a table step by step: how many steps, how near, why", DESCEND_HELP
    )
    command.add_argument("data", metavar="DATA", help="a table, as for fit")
    command.add_argument("--target", required=True, help="the column to explain")
    command.add_argument("--features", help="columns to explain it by; default: all the others")
    command.add_argument("--weights", help="a column of row weights, 0 or more")
    command.add_argument(
        "--method",
        default="gd",
        choices=("gd", "momentum", "nesterov", "sgd", "cg"),
        help="gd (default), momentum, nesterov, sgd or cg",
    )
    command.add_argument("--learning-rate", default="auto", help="auto (default) or a number")
    command.add_argument("--max-iter", type=int, help="steps (sgd: passes) at the most")
    command.add_argument("--tol", type=float, default=1e-10, help="distance to stop at (1e-10)")
    command.add_argument(
        "--space", default="auto", choices=("auto", "data", "gram"), help="auto (default)"
    )
    command.add_argument("--raw", action="store_true", help="do not standardise the columns")
    command.add_argument("--seed", type=int, default=0, help="of the order of sgd's rows (0)")
    command.add_argument("--plot", metavar="FILE", help="draw the fit and the loss")

    command = add("predict", predict, "predict with a model that fit wrote", PREDICT_HELP)
    command.add_argument("model", metavar="MODEL", help="the JSON file of fit --out")
    command.add_argument("data", metavar="DATA", help="a table with the model's columns")
    command.add_argument("--out", metavar="FILE", help="write a CSV here, not to the screen")

    command = add("score", score, "R2 and MSE of a model on a table", SCORE_HELP)
    command.add_argument("model", metavar="MODEL", help="the JSON file of fit --out")
    command.add_argument(
        "data", metavar="DATA", help="a table with the model's columns and its target"
    )
    command.add_argument("--weights", help="a column of row weights, 0 or more")

    command = add("bench", bench, "run, check and time every rung and every solver", BENCH_HELP)
    command.add_argument("--quick", action="store_true", help="less data, shorter timings")
    command.add_argument(
        "--problem", default=",".join(PROBLEMS), help="of mse,gradient,moments,fit"
    )
    command.add_argument("--data", metavar="FILE", help="compare on this table (with --target)")
    command.add_argument("--target", help="the column of --data to explain")
    command.add_argument("--features", help="columns to explain it by; default: all the others")
    command.add_argument("--n", type=_count, help="rows of generated data (with --p)")
    command.add_argument("--p", type=_count, help="features of generated data (with --n)")
    command.add_argument("--json", metavar="FILE", help="also write the numbers here")

    command = add(
        "demo", demo, "a teaching text's run: what it printed and what is true", DEMO_HELP
    )
    command.add_argument("name", choices=DEMOS)
    command.add_argument("--plot", metavar="FILE", help="where the picture goes (demo_NAME.png)")
    command.add_argument("--no-plot", action="store_true", help="draw no picture")

    add("info", info, "versions, threads, cache: what a bug report needs")
    return parser


def _count(text):
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return number


def main(arguments=None):
    """Run a command; return its exit code."""
    options = _parser().parse_args(arguments)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - as long as the process
    if isinstance(sys.stdout, io.TextIOWrapper):  # names of columns in any alphabet
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        with as_keyboard_interrupt(), warnings.catch_warnings():
            warnings.showwarning = _show_warning
            code = options.run(options)
            sys.stdout.flush()  # while what goes wrong with it can still be told
            return code
    except BrokenPipeError:  # the reader of a pipe has had enough, as `| head` does
        closed_output()
        return 0
    except (ValueError, OSError, ImportError, MemoryError) as error:
        text = str(error) or type(error).__name__
        if isinstance(error, OSError) and error.filename is not None:
            text = f"{error.filename}: {error.strerror}"
        print(f"linreg-fast: error: {' '.join(text.splitlines())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("linreg-fast: interrupted", file=sys.stderr)
        return 130
    except Exception as error:
        print(
            f"linreg-fast: internal error: {type(error).__name__}: {error}\n"
            "please report it with the output of `linreg-fast info`",
            file=sys.stderr,
        )
        return 2


def _show_warning(message, category, filename, lineno, file=None, line=None):
    print(f"linreg-fast: warning: {message}", file=sys.stderr)
