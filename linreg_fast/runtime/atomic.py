"""A file is written whole or not at all."""

import contextlib
import os
import stat
import tempfile


def write_bytes(path, content):
    """Write a file whole or not at all; see `replacing`."""
    with replacing(path) as name, open(name, "wb") as file:
        file.write(content)


@contextlib.contextmanager
def replacing(path):
    """The name of a file to write to, beside the target, whose place it takes in the end.

    A failure leaves the old file as it was. A link is followed, an old file keeps its permissions,
    and what is no regular file (a device, a pipe) is written to directly.
    """
    mode = os.stat(path).st_mode if os.path.exists(path) else None
    if mode is not None and not stat.S_ISREG(mode):
        yield path
        return
    asked, path = path, os.path.realpath(path)
    try:
        handle, temporary = tempfile.mkstemp(
            dir=os.path.dirname(path), prefix=".linreg-fast-", suffix=".tmp"
        )
    except OSError as error:  # about the file asked for, not about ours
        raise OSError(error.errno, error.strerror, str(asked)) from None
    os.close(handle)
    try:
        yield temporary
        if mode is None:  # mkstemp makes files that only the owner can read
            umask = os.umask(0)
            os.umask(umask)
            mode = 0o666 & ~umask
        os.chmod(temporary, stat.S_IMODE(mode))
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
