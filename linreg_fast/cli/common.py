"""What the commands share: patience with the user, reading a problem, where output may go."""

import contextlib
import os
import re
import sys
import threading
import time
import warnings

# As data frames and spreadsheets write row numbers.
NO_NAME = re.compile(r"|__index_level_\d+__")


@contextlib.contextmanager
def patience(what):
    """Tell the user, from two seconds on, that it is still going on."""
    done, started = threading.Event(), time.monotonic()

    def tell():
        while not done.wait(2):
            print(f"{what}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()


def read_problem(path, target, features=None, weights=None):
    """(X, y, weights or None, feature names) of a table."""
    from linreg_fast.data.gate import listed
    from linreg_fast.sources.table import column_names, read_table

    if not target:
        raise ValueError("--target names no column")
    if features is None:
        found = column_names(path)
        unnamed = [name for name in found if NO_NAME.fullmatch(name)]
        names = [name for name in found if name not in (target, weights, *unnamed)]
        if unnamed:
            places = [str(k) for k, name in enumerate(found, 1) if name in unnamed]
            warnings.warn(
                f"{path}: what has no name is left out (column {listed(places)})", stacklevel=2
            )
        if target not in found:
            raise ValueError(f"{path} has no column {target!r}: it has {listed(names)}")
    else:
        names = [name.strip() for name in features.split(",") if name.strip()]
        if target in names:
            raise ValueError(f"--target {target!r} is among --features too")
    if weights == "":
        raise ValueError("--weights names no column")
    if weights is not None and weights in [*names, target]:
        raise ValueError(f"--weights {weights!r} is a feature or the target too")
    if not names:
        raise ValueError(f"{path} has no columns to explain {target!r} by")
    if len(set(names)) != len(names):
        raise ValueError(f"--features names a column twice: {features}")
    table = read_table(path, [*names, target, *([weights] if weights else [])])
    p = len(names)
    return (
        table.values[:, :p],
        table.values[:, p],
        table.values[:, p + 1] if weights else None,
        names,
    )


def closed_output():
    """What is printed from now on goes nowhere: who read it has had enough."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
