"""Other processes of this Python: what they find, and how they end."""

import os
import signal
import subprocess
import sys
from pathlib import Path


def environment(without=(), **more):
    """This process's environment for a child, which imports this same package.

    And what lies in the working directory. without: names that it is not to have.
    """
    import linreg_fast

    root = str(Path(linreg_fast.__file__).parents[1])
    found = {key: value for key, value in os.environ.items() if key not in without}
    places = [root, os.getcwd(), os.environ.get("PYTHONPATH")]
    return {**found, "PYTHONPATH": os.pathsep.join(filter(None, places)), **more}


def run(arguments, patience=None, without=(), **more):
    """`subprocess.run` of Python with these arguments and no input; its output is text.

    patience: seconds, or a subprocess.TimeoutExpired. more: of the environment.
    """
    return subprocess.run(
        [sys.executable, *arguments],
        env=environment(without, **more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=patience,
        check=False,
    )


def last_words(code, errors):
    """The last line of what a child wrote to its error stream, or how it ended."""
    lines = errors.strip().splitlines()
    return lines[-1] if lines else ended(code)


def ended(code):
    """How a process with this exit code ended, in words."""
    if code < 0:
        return f"its process was ended by {signal.Signals(-code).name}"
    return f"it ended the process with exit code {code}"
