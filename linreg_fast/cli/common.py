"""What the commands share: their record, patience with the user, reading, where output may go."""

import argparse
import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple


class Command(NamedTuple):
    """One command: `COMMANDS` in main.py lists them."""

    name: str
    help: str  # one line
    examples: str  # for its --help
    add_options: Callable[[Any], None]  # to an argparse parser
    run: Callable[[Any], int]  # (options) -> exit code


class Names:
    """Choices of an option that stand in a table elsewhere, looked up when they are needed.

    open: other words are let through, to the code that knows why they are wrong.
    """

    def __init__(self, find: Callable[[], Any], open: bool = False):
        self._find, self._open = find, open

    def __iter__(self) -> Iterator[str]:
        return iter(self._find())

    def __contains__(self, name: object) -> bool:
        return self._open or name in self._find()


def tell(text):
    """To standard error, whether or not anybody still reads it."""
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        closed_output(sys.stderr)


@contextlib.contextmanager
def patience(what):
    """Tell the user, from two seconds on, that it is still going on."""
    done, started = threading.Event(), time.monotonic()

    def say():
        while not done.wait(2):
            tell(f"{what}: {time.monotonic() - started:.0f} s")

    teller = threading.Thread(target=say, daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()


def closed_output(stream=None):
    """What is printed from now on goes nowhere: who read it has had enough."""
    stream = sys.stdout if stream is None else stream
    with contextlib.suppress(OSError, ValueError):  # of a stream that is no file
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@contextlib.contextmanager
def for_a_reader():
    """For what is printed: a reader who has had enough does not keep us from writing files."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        closed_output()


def check_picture(path, *inputs):
    """As `check_writable`, for a picture: its ending must name a kind that can be drawn."""
    from linreg_fast.displays.drawing import pyplot

    check_writable(path, *inputs)
    known = set(pyplot().Figure().canvas.get_supported_filetypes()) - {"pgf"}  # which wants TeX
    if os.path.splitext(path)[1].lstrip(".").lower() not in known:
        raise ValueError(
            f"cannot draw {path}: its ending names the kind, of {', '.join(sorted(known))}"
        )


def check_writable(path, *inputs):
    """Fail before the work if a result could not be written after it, or would replace an input."""
    if not str(path):
        raise ValueError("the name of the file to write is empty")
    if os.path.exists(path) and not os.path.isdir(path) and not os.path.isfile(path):
        return  # a device or a pipe: written to directly
    folder = os.path.dirname(os.path.realpath(path))
    if not os.path.isdir(folder):
        raise ValueError(f"cannot write {path}: there is no folder {folder}")
    protected = os.path.exists(path) and not os.access(path, os.W_OK)
    named_as_folder = os.path.isdir(path) or str(path).endswith(("/", os.sep))
    if protected or named_as_folder or not os.access(folder, os.W_OK):
        raise ValueError(f"cannot write {path}")
    for other in inputs:
        if os.path.exists(path) and os.path.exists(other) and os.path.samefile(path, other):
            raise ValueError(f"{path} is read here: write to another file")


def count(text):
    """A whole number from 1, for argparse."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return number
