"""Other processes of this Python: what they find, and how they end."""

import faulthandler
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

LOOKS = 2.0  # seconds between a child's looks for its parent
LONGEST_HOLD = 300.0  # seconds that a call may keep Python's lock


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


def end_with_parent():
    """End this process soon after the one that started it, from now on.

    A call that keeps Python's lock is ended `LONGEST_HOLD` seconds after the last look.
    """
    parent = os.getppid()

    def look():
        while os.getppid() == parent:
            faulthandler.dump_traceback_later(LONGEST_HOLD, exit=True)
            time.sleep(LOOKS)
        os._exit(1)

    threading.Thread(target=look, daemon=True).start()


def last_words(code, errors):
    """The last line of what a child wrote to its error stream, or how it ended."""
    lines = errors.strip().splitlines()
    return lines[-1] if lines else ended(code)


def ended(code):
    """How a process with this exit code ended, in words."""
    if code < 0:
        return f"its process was ended by {signal.Signals(-code).name}"
    return f"it ended the process with exit code {code}"
