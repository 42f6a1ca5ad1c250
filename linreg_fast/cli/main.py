"""`linreg-fast COMMAND ...`: the table of commands, and what happens around each of them.

Exit codes: 0, 1 when a check failed, 2 for usage and unusable input. Heavy imports happen inside
the commands, so `--help` and `--version` are quick.

To add a command: write its file with a `COMMAND`, add it to COMMANDS.
"""

import argparse
import io
import os
import sys
import warnings

from linreg_fast import __version__
from linreg_fast.cli import (
    bench,
    demo,
    descend,
    diagnose,
    explain,
    fit,
    groups,
    info,
    merge,
    moments,
    predict,
    score,
    warmup,
)
from linreg_fast.cli.common import closed_output, tell
from linreg_fast.runtime.interrupt import as_keyboard_interrupt
from linreg_fast.sources.doors import command_line

COMMANDS = {
    module.COMMAND.name: module.COMMAND
    for module in (
        fit,
        descend,
        groups,
        predict,
        score,
        diagnose,
        moments,
        merge,
        bench,
        explain,
        demo,
        info,
        warmup,
    )
}


def parser(names=tuple(COMMANDS)):
    """The parser of the command line; options are known for the commands named."""
    found = argparse.ArgumentParser(
        prog="linreg-fast",
        description="Least squares at the speed of memory, with digits you can trust.",
        epilog="linreg-fast COMMAND --help shows examples of each.",
    )
    found.add_argument("--version", action="version", version=f"linreg-fast {__version__}")
    commands = found.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS.values():
        added = commands.add_parser(
            command.name,
            help=command.help,
            description=command.help[0].upper() + command.help[1:] + ".",
            epilog=command.examples and f"examples:\n{command.examples}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        added.set_defaults(run=command.run)
        if command.name in names:
            command.add_options(added)
    return found


def main(arguments=None):
    """Run a command; return its exit code."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    # Options of other commands would be looked up for nothing.
    options = parser([word for word in given if word in COMMANDS][:1]).parse_args(given)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - as long as the process
    if isinstance(sys.stdout, io.TextIOWrapper):  # names of columns in any alphabet
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        with as_keyboard_interrupt(), command_line(), warnings.catch_warnings():
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
        tell(f"linreg-fast: error: {' '.join(text.splitlines())}")
        return 2
    except KeyboardInterrupt:
        tell("linreg-fast: interrupted")
        return 130
    except Exception as error:
        tell(
            f"linreg-fast: internal error: {type(error).__name__}: {error}\n"
            "please report it with the output of `linreg-fast info`"
        )
        return 2


def _show_warning(message, category, filename, lineno, file=None, line=None):
    tell(f"linreg-fast: warning: {message}")
