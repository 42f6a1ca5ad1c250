"""Compiled code on disk, in a way that cannot hurt.

Numba's own cache raises at import where no folder can be written, crashes on damaged files, runs
stale code when only a callee's file changed, mixes up the serial and the parallel code of one
function, and lets two processes give one name to different code. Here a file belongs to one
function, known by the full path of its module, one signature, one set of options, one processor,
and one state of the sources that its module imports, directly or not. It counts only if its
checksum is right. Whatever goes wrong is a warning at most, and compiled again.
"""

import contextlib
import functools
import hashlib
import importlib.util
import marshal
import os
import pickle
import pkgutil
import re
import sys
import tempfile
import warnings
from pathlib import Path

import llvmlite
import numba

from linreg_fast.runtime.link import rebuilt
from linreg_fast.runtime.numba_internals import AppDirs, CacheBase, configured, dumps, rtsys

CHECKSUM = hashlib.sha256
SUFFIX = ".code"
CODE_ONLY = b"code only:"
PACKAGE = __name__.partition(".")[0]
# `from package.module import names`, the names in brackets or up to the end of the line.
IMPORT = re.compile(
    rb"^[ \t]*from (PACKAGE[\w.]*) import (\([^)]*\)|[^\n]*)".replace(b"PACKAGE", PACKAGE.encode()),
    re.MULTILINE,
)


@functools.cache
def _spec(name):
    """How a module of ours is loaded, or None for the name of something else."""
    try:
        return importlib.util.find_spec(name)
    except (ImportError, ValueError):  # a function of a module, say
        return None


@functools.cache
def _source(name):
    """The text of a module of ours as bytes.

    From wherever it was loaded: a folder, a zip file, or a frozen program, which has code only.
    """
    spec = _spec(name)
    if spec.origin and spec.origin.endswith(".py") and hasattr(spec.loader, "get_data"):
        return spec.loader.get_data(spec.origin)
    return CODE_ONLY + marshal.dumps(spec.loader.get_code(name))


@functools.cache
def _imported(name):
    """The modules of this package that a module's text imports."""
    found = set()
    for module, names in IMPORT.findall(_source(name)):
        module = module.decode()
        found.add(module)
        if _spec(module).submodule_search_locations is not None:
            parts = (f"{module}.{part.decode()}" for part in re.findall(rb"\w+", names))
            found.update(part for part in parts if _spec(part))
    return found


def sources_of(name):
    """All modules of this package that a module's compiled code may depend on, sorted."""
    found, new = set(), {name}
    while new:
        found |= new
        new = set().union(*map(_imported, new)) - found
    if any(_source(module).startswith(CODE_ONLY) for module in found):
        # What it imports is not known: all that is there counts.
        package = importlib.import_module(PACKAGE)
        every = pkgutil.walk_packages(package.__path__, f"{PACKAGE}.")
        found |= {module.name for module in every}
    return sorted(found)


@functools.cache
def state_of(name):
    """A name for the state of these sources: a change in a callee's file changes it."""
    state = CHECKSUM()
    for module in sources_of(name):
        source = _source(module)
        state.update(f"{module} {len(source)}\0".encode() + source)
    return state.hexdigest()[:24]


@functools.cache
def _compiler():
    """A name for what compiles."""
    versions = "\0".join((sys.version, numba.__version__, llvmlite.__version__))
    return CHECKSUM(versions.encode()).hexdigest()[:16]


@functools.cache
def folders():
    """Where code may be, in the order of preference. None of them need exist."""
    given = configured("CACHE_DIR")
    if given:
        bases = [Path(given) / "linreg_fast"]
    else:
        user = Path(AppDirs("linreg_fast", False).user_cache_dir)
        bases = [Path(__file__).parents[1] / "__pycache__", user]
    return [base / _compiler() for base in bases if base.is_absolute() or given]


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


@functools.cache
def _warn_of_processor(folder, other, this):
    if _warn_of_processor.cache_info().misses == 1:
        warnings.warn(
            f"linreg_fast: the compiled code in {folder} is for another processor ({other}) than "
            f"this one ({this}), which compiles its own. Where images are to run on many machines, "
            "set NUMBA_CPU_NAME and NUMBA_CPU_FEATURES (docs/hosts.md)",
            RuntimeWarning,
            stacklevel=2,
        )


def _processor(target):
    """A short name for what code is generated for: its name, and which features it has."""
    name = re.sub(r"[^\w.-]", "_", str(target[1])) or "unnamed"
    return f"{name}.{CHECKSUM(repr(target).encode()).hexdigest()[:6]}"


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


class Cache(CacheBase):
    """The code of one dispatcher: what Numba's `FunctionCache` does, with its faults caught."""

    def __init__(self, dispatcher):
        self._function = dispatcher.py_func
        self._options = {
            name: sorted(value) if isinstance(value, set) else value  # a set has no fixed order
            for name, value in sorted(dispatcher.targetoptions.items())
        }
        # A folder's name says nothing of other people's sources, a test's among them.
        self._on = dispatcher.py_func.__module__.startswith(f"{PACKAGE}.")
        if self._on:
            # Now, while what is on disk is what is being imported: an edit between import and first
            # call would have the old code kept under the name of the new sources.
            with contextlib.suppress(OSError, ImportError):
                state_of(self._function.__module__)

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
        try:
            name = self._name(sig, target_context.codegen())
        except Exception:  # the sources cannot be read
            return None
        for folder in folders():
            try:
                content = (folder / name).read_bytes()
                size = CHECKSUM().digest_size
                if CHECKSUM(content[size:]).digest() == content[:size]:
                    return rebuilt(target_context, pickle.loads(content[size:]))
            except Exception:  # not there, not readable, or not what this Numba writes
                continue
        self._tell_of_other_processors(name)
        return None

    def _tell_of_other_processors(self, name):
        """Warn, once for a process, where a cache was made on a machine with another processor."""
        code, _, this = name.removesuffix(SUFFIX).rpartition("@")
        for folder in folders():
            with contextlib.suppress(OSError):
                for path in folder.glob(f"{code}@*{SUFFIX}"):
                    other = path.name.removesuffix(SUFFIX).rpartition("@")[2]
                    if other != this:
                        _warn_of_processor(str(folder), other, this)

    def save_overload(self, sig, data):
        if not self._on or data.library.has_dynamic_globals:
            return
        try:
            content = dumps(data._reduce())
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
        module = self._function.__module__.removeprefix(f"{PACKAGE}.")
        return f"{module}.{self._function.__qualname__}"

    def _name(self, sig, codegen):
        sources = state_of(self._function.__module__)
        key = CHECKSUM(repr((str(sig), self._options, sources)).encode()).hexdigest()[:24]
        return f"{self._stem()}-{key}@{_processor(codegen.magic_tuple())}{SUFFIX}"
