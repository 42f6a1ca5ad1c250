"""Running the command line in a test."""

from linreg_fast import cli


def run(capsys, *arguments):
    """(exit code, what it printed, what it printed as errors)."""
    try:
        code = cli.main([str(argument) for argument in arguments])
    except SystemExit as stop:
        code = stop.code
    return code, *capsys.readouterr()
