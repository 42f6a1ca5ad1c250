"""Which files a path, a pattern, a folder or a list of them names, and what their folders say."""

import glob
import math
import os
from typing import Any, NamedTuple
from urllib.parse import unquote

from linreg_fast.sources.table import ARROW_ENDINGS

PACKED = (".gz", ".bz2", ".xz", ".zst")
ENDINGS = (*ARROW_ENDINGS, ".csv", ".tsv", ".txt")
NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


class Found(NamedTuple):
    """A file, and what `key=value` in the names of its folders says about all of its rows."""

    path: str
    constants: dict[str, str]


def is_path(given):
    return isinstance(given, (str, bytes, os.PathLike))


def is_table(path):
    """Whether a file's name says that it holds a table."""
    name = os.path.basename(path).lower()
    for packed in PACKED:
        name = name.removesuffix(packed)
    return name.endswith(ENDINGS) and not name.startswith((".", "_"))


def find_files(given):
    """The files that a path, pattern, folder or list of them names, in order.

    Those of a pattern and of a folder, with all that is in it, come sorted by their names. In a
    folder the ending says what a table is; hidden files and those that begin with _ are none.

    Raises
    ------
    OSError
        For what is not there.
    ValueError
        For a folder without tables, and for a file that is named twice.
    """
    found = []
    for one in [given] if is_path(given) else given:
        found += _of_one(os.fsdecode(one))
    seen = set()
    for path, _ in found:
        real = os.path.realpath(path)
        if real in seen:
            raise ValueError(f"{path} is named twice: its rows would count twice")
        seen.add(real)
    return found


def _of_one(path):
    if path == "-" or (os.path.exists(path) and not os.path.isdir(path)):
        return [Found(path, {})]
    if os.path.isdir(path):
        return _of_folder(path)
    if "://" in path:
        raise ValueError(
            f"{path!r} is no path on this machine: pass a pyarrow.dataset.dataset of it"
        )
    if not glob.has_magic(path):
        raise FileNotFoundError(2, "No such file or directory", path)
    fixed = os.path.dirname(path[: min(path.find(c) for c in "*?[" if c in path)])
    found = []
    for name in sorted(glob.glob(path, recursive=True)):
        if os.path.isdir(name):
            if not path.rstrip("/").endswith("**"):  # else its files match, too
                found += _of_folder(name, fixed)
        elif "**" not in path or is_table(name):
            found.append(Found(name, _keys(name, fixed)))
    if not found:
        raise FileNotFoundError(2, "No file matches the pattern", path)
    return found


def _of_folder(folder, root=None):
    found = []
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name[0] not in "._")
        for name in sorted(names):
            if is_table(name):
                path = os.path.join(where, name)
                found.append(Found(path, _keys(path, folder if root is None else root)))
    if not found:
        raise ValueError(f"the folder {folder} holds no table: no {', '.join(ENDINGS)}")
    return sorted(found, key=lambda file: file.path)


def _keys(path, root):
    parts = os.path.relpath(os.path.dirname(path) or ".", root or ".").split(os.sep)
    pairs = (part.split("=", 1) for part in parts if "=" in part)
    return {unquote(key): unquote(value) for key, value in pairs}


def constant(value: Any):
    """(kind, number) of what a folder's name, or a partition of a dataset, says."""
    if value is None or value == NO_VALUE:
        return "empty", math.nan
    try:
        return "number", float(value) if "_" not in str(value) else float("text")
    except (TypeError, ValueError):
        return "text", math.nan
