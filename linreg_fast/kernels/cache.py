"""Compiled code on disk, in a way that cannot hurt.

Numba's own cache raises at import where no folder can be written, crashes on damaged files, runs
stale code when only a callee's file changed, mixes up the serial and the parallel code of one
function, and lets two processes give one name to different code. Here a folder belongs to one state
of the sources and of Numba, a file to one function, signature, set of options and processor, and a
file counts only if its checksum is right. Whatever goes wrong is a warning at most, and compiled
again.
"""

import contextlib
import functools
import hashlib
import os
import pickle
import sys
import tempfile
import warnings
from pathlib import Path

import llvmlite
import numba
from numba.core import caching, serialize
from numba.core.runtime import rtsys
from numba.misc.appdirs import AppDirs

from linreg_fast.kernels.link import rebuilt

CHECKSUM = hashlib.sha256
SUFFIX = ".code"


@functools.cache
def _state():
    """A name for what compiled code depends on: the kernels' sources, and what compiles them."""
    state = CHECKSUM()
    for part in (sys.version, numba.__version__, llvmlite.__version__):
        state.update(part.encode() + b"\0")
    folder = Path(__file__).parent
    sources = sorted(folder.glob("*.py")) or sorted(folder.glob("*.pyc"))
    if not sources:
        raise FileNotFoundError("the package is not a folder of files")
    for source in sources:
        state.update(source.name.encode() + b"\0" + source.read_bytes())
    return state.hexdigest()[:16]


@functools.cache
def folders():
    """Where code may be, in the order of preference. None of them need exist."""
    given = vars(numba.config)["CACHE_DIR"]
    if given:
        bases = [Path(given) / "linreg_fast"]
    else:
        user = Path(AppDirs("linreg_fast", False).user_cache_dir)
        bases = [Path(__file__).parent / "__pycache__", user]
    try:
        return [base / _state() for base in bases if base.is_absolute() or given]
    except OSError:  # the sources cannot be read: inside a zip file, say
        return []


@functools.cache
def _warn(reason):
    """Once for a process, whatever the reason."""
    if _warn.cache_info().misses == 1:
        where = ", ".join(map(str, folders())) or "no folder"
        warnings.warn(
            f"linreg_fast: compiled code cannot be kept on disk ({where}): {reason}; every process "
            "compiles again. NUMBA_CACHE_DIR names another folder",
            RuntimeWarning,
            stacklevel=2,
        )


def _write(folder, name, content):
    folder.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{name[:32]}")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(temporary, folder / name)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


class Cache(caching._Cache):
    """The code of one dispatcher: what Numba's `FunctionCache` does, with its faults caught."""

    def __init__(self, dispatcher):
        self._function = dispatcher.py_func
        self._options = {
            name: sorted(value) if isinstance(value, set) else value  # a set has no fixed order
            for name, value in sorted(dispatcher.targetoptions.items())
        }
        # A folder's name says nothing of other people's sources, a test's among them.
        self._on = dispatcher.py_func.__module__.startswith(f"{__package__}.")

    @property
    def cache_path(self):
        return next((str(folder) for folder in folders() if os.path.isdir(folder)), None)

    def enable(self):
        self._on = True

    def disable(self):
        self._on = False

    def flush(self):
        """Remove this function's files."""
        for folder in folders():
            for path in folder.glob(f"{self._stem()}-*{SUFFIX}"):
                with contextlib.suppress(OSError):
                    path.unlink()

    def load_overload(self, sig, target_context):
        if not self._on:
            return None
        # Numba's own cache refreshes the context: all that a compiler knows is imported, which is
        # two thirds of the time of a first fit. Code that is compiled wants no more than this.
        rtsys.initialize(target_context)
        name = self._name(sig, target_context.codegen())
        for folder in folders():
            try:
                content = (folder / name).read_bytes()
                size = CHECKSUM().digest_size
                if CHECKSUM(content[size:]).digest() == content[:size]:
                    return rebuilt(target_context, pickle.loads(content[size:]))
            except Exception:  # not there, not readable, or not what this Numba writes
                continue
        return None

    def save_overload(self, sig, data):
        if not self._on or data.library.has_dynamic_globals:
            return
        try:
            content = serialize.dumps(data._reduce())
            name = self._name(sig, data.codegen)
        except Exception as error:
            _warn(f"{type(error).__name__}: {error}")
            return
        reason = "there is none"
        for folder in folders():
            try:
                _write(folder, name, CHECKSUM(content).digest() + content)
                return
            except OSError as error:
                reason = error
        _warn(str(reason))

    def _stem(self):
        return f"{self._function.__module__.rpartition('.')[2]}.{self._function.__qualname__}"

    def _name(self, sig, codegen):
        key = (str(sig), codegen.magic_tuple(), self._options)
        return f"{self._stem()}-{CHECKSUM(repr(key).encode()).hexdigest()[:24]}{SUFFIX}"
