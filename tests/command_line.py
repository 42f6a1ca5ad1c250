"""Running the command line in a test."""

import warnings

from linreg_fast import cli


def run(capsys, *arguments):
    """(exit code, what it printed, what it printed as errors)."""
    try:
        code = cli.main([str(argument) for argument in arguments])
    except SystemExit as stop:
        code = stop.code
    return code, *capsys.readouterr()


def run_with_warnings(capsys, *arguments):
    """The same where warnings are printed, as they are to a user; else they are errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        return run(capsys, *arguments)
