"""What compiled code there is on disk."""

import contextlib
from pathlib import Path
from typing import NamedTuple

from linreg_fast.runtime.cache import SUFFIX, folders


class Kept(NamedTuple):
    """The compiled code on disk."""

    files: int
    size: int  # bytes
    folders: list  # that hold some


def kept():
    """What there is on disk now, for whatever processor."""
    sizes = {str(folder): [] for folder in folders()}
    for folder, found in sizes.items():
        for path in Path(folder).glob(f"*{SUFFIX}"):
            with contextlib.suppress(OSError):  # just replaced
                found.append(path.stat().st_size)
    every = [size for found in sizes.values() for size in found]
    return Kept(len(every), sum(every), [folder for folder, found in sizes.items() if found])
