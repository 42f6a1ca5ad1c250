"""What messages advise: in words of the command line where that is the door, else of Python."""

import contextlib
from contextvars import ContextVar

_by_command: ContextVar[bool] = ContextVar("linreg_fast_by_command", default=False)


@contextlib.contextmanager
def command_line():
    """While it lasts, in this thread and those that copy its context, options have names."""
    token = _by_command.set(True)
    try:
        yield
    finally:
        _by_command.reset(token)


def advice(command, python=""):
    """The one of both that the reader of a message can follow."""
    return command if _by_command.get() else python


def option(name):
    """What an option is called: --by on the command line, by in Python."""
    return advice(f"--{name}", {"target": "y", "weights": "sample_weight"}.get(name, name))
