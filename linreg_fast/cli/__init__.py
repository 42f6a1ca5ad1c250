"""The command line: `main`, and COMMANDS, the table of commands, a file each."""

from linreg_fast.cli.main import COMMANDS, main

__all__ = ["COMMANDS", "main"]
