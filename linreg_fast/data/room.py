"""Memory that a result takes, looked at before it is taken."""

import os

LEAST = 1 << 28  # bytes that are not asked about


def free():
    """Bytes of memory that are free now, or None where the system does not say.

    What a control group allows counts, and what has been swapped out does not.
    """
    found = [size for size in (_of_machine(), _of_control_group()) if size is not None]
    return min(found, default=None)


def _of_machine():
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            for line in lines:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # as on Windows
        return None


def _of_control_group():
    """What a container may still take; pages of files are given back when others need them."""
    folder = "/sys/fs/cgroup/"
    try:
        with open(folder + "memory.max", encoding="ascii") as file:
            most = int(file.read())
        with open(folder + "memory.current", encoding="ascii") as file:
            taken = int(file.read())
        with open(folder + "memory.stat", encoding="ascii") as lines:
            pages = next(int(line.split()[1]) for line in lines if line.startswith("file "))
    except (OSError, ValueError, StopIteration):  # no such group, or "max"
        return None
    return max(most - taken + pages, 0)


def check_room(size, what, role="the results of"):
    """Raise a MemoryError, in GB, for `size` bytes, a result or else, that do not fit."""
    if size < LEAST:
        return
    there = free()
    if there is not None and size > there:
        raise MemoryError(
            f"{role} {what} take {size / 1e9:.1f} GB, and {there / 1e9:.1f} GB are free: "
            "take fewer at a time"
        )
