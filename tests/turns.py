"""Workers of one run take turns: what one of them compiles is not compiled by another meanwhile.

All begin with nothing compiled and meet the same kernels first; an eighth of the compiling was done
twice at once. The second waits, and finds the code of the first on disk.
"""

import contextlib
import os
import time
import zlib

LONGEST = 60.0  # seconds; what takes longer is compiled beside


def compile_each_kernel_once():
    """Before the kernels are imported."""
    try:
        import fcntl
    except ImportError:  # Windows
        return
    from linreg_fast.runtime import compile as compiling

    compile_it = compiling._compile
    # Bytes that this file does not have are locked, one for each variant of a kernel. Such locks
    # belong to a process: they end with it, children that are forked do not have them, and threads
    # do not wait for each other.
    try:
        file = os.open(__file__, os.O_RDWR)  # never closed, which would free all locks
    except OSError:
        return

    def in_turn(compiler, *args):
        kernel = compiler.__self__
        threads = kernel.targetoptions.get("parallel", False)
        name = kernel.py_func.__module__, kernel.py_func.__qualname__, threads, args
        place = 2**31 + zlib.crc32(repr(name).encode())
        if not compiling.global_compiler_lock.is_locked():  # else for its caller it has the turn
            until = time.monotonic() + LONGEST
            while time.monotonic() < until:
                try:
                    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
                    break
                except (BlockingIOError, PermissionError):  # POSIX allows either
                    time.sleep(0.05)
                except OSError:  # a file system without locks
                    break
        try:
            return compile_it(compiler, *args)
        finally:
            with contextlib.suppress(OSError):
                fcntl.lockf(file, fcntl.LOCK_UN, 1, place)

    compiling._compile = in_turn
