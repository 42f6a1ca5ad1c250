"""A file or standard input as bytes of UTF-8: unpacked, decoded, read once from start to end."""

import codecs
import io
import os
import sys
import warnings

from linreg_fast.sources.doors import advice

READ = 1 << 20  # bytes that are looked at to find out what a file is
LARGE = 1 << 24  # bytes that are asked for in one call
WINDOWS = "linreg_fast.windows"  # our handler of bytes that are no UTF-8


def _as_windows_writes(error):
    wrong = error.object[error.start : error.end]
    return "".join(
        bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in wrong
    ), error.end


codecs.register_error(WINDOWS, _as_windows_writes)


def open_bytes(path):
    """(a binary stream, its first bytes), unpacked where it is compressed; - is standard input."""
    raw = sys.stdin.buffer if is_standard(path) else open(path, "rb")  # noqa: SIM115
    stream = _Stream(raw, path)
    head = stream.peek(6)
    if head[:2] == b"\x1f\x8b":
        import gzip

        stream = _Stream(gzip.GzipFile(fileobj=stream), path, raw)
    elif head[:3] == b"BZh":
        import bz2

        stream = _Stream(bz2.BZ2File(stream), path, raw)
    elif head[:6] == b"\xfd7zXZ\x00":
        import lzma

        stream = _Stream(lzma.LZMAFile(stream), path, raw)  # noqa: SIM115
    elif head[:4] == b"\x28\xb5\x2f\xfd":
        stream = _Stream(_zstandard(stream, path), path, raw)
    elif head[:4] == b"PK\x03\x04":
        raise ValueError(f"{path} is a ZIP archive or a spreadsheet: unpack it, or save it as CSV")
    return stream


def is_standard(path):
    return os.fspath(path) == "-"


def _zstandard(stream, path):
    try:
        from compression import zstd  # from Python 3.14 on
    except ImportError:
        pass
    else:
        return zstd.ZstdFile(stream)
    try:
        import pyarrow
    except ImportError:
        raise ImportError(
            f"reading {path} needs pyarrow: pip install 'linreg_fast[arrow]' (.gz and .bz2 need "
            "nothing)"
        ) from None
    return pyarrow.CompressedInputStream(pyarrow.PythonFile(stream, mode="r"), "zstd")


class _Stream(io.RawIOBase):
    """Reads exactly as many bytes as asked for, and can be looked into before."""

    def __init__(self, raw, path, below=None):
        self._raw, self._path, self._held, self._below = raw, path, b"", below

    def readable(self):
        return True

    def peek(self, size):
        while len(self._held) < size:
            more = self._read(size - len(self._held))
            if not more:
                break
            self._held += more
        return self._held[:size]

    def read(self, size=-1):
        if size is None or size < 0:
            size = sys.maxsize
        if not self._held and size <= LARGE:  # without a copy
            data = self._read(size)
            if len(data) == size or not data:
                return data
            self._held = data
        parts = [self._held[:size]]
        self._held = self._held[size:]
        got = len(parts[0])
        while got < size:
            more = self._read(min(size - got, LARGE))
            if not more:
                break
            parts.append(more)
            got += len(more)
        return b"".join(parts) if len(parts) > 1 else parts[0]

    def readinto(self, buffer):
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _read(self, size):
        try:
            return self._raw.read(size)
        except (EOFError, ValueError, OSError) as error:
            if self._below is None:
                raise
            raise ValueError(f"{self._path} cannot be unpacked: {error}") from None
        except Exception as error:  # zlib.error, lzma.LZMAError
            raise ValueError(f"{self._path} cannot be unpacked: {error}") from None

    def close(self):
        if not self.closed:
            super().close()
            for stream in (self._raw, self._below):
                if stream is not None and stream is not getattr(sys.stdin, "buffer", None):
                    stream.close()


class Utf8:
    """The bytes of a text stream, as UTF-8 and without a byte order mark.

    Bytes that are not UTF-8 in a file that no option says the encoding of stay as they are:
    `text` takes them for the letters of Windows' Western encoding, and warns once.
    """

    def __init__(self, stream, path, encoding=None):
        self._stream, self._path = stream, path
        head = stream.peek(4096)
        found = encoding or _marked(head) or _unmarked(head)
        try:
            self.encoding = codecs.lookup(found or "utf-8").name
        except LookupError:
            raise ValueError(f"--encoding {encoding!r} is none that Python knows") from None
        self._told = encoding is not None
        if found is None or self.encoding == "utf-8":
            self._decoder = None
            if head[:3] == codecs.BOM_UTF8:
                stream.read(3)
        else:
            self._decoder = codecs.getincrementaldecoder(self.encoding)()
        self._start = True

    def read(self, size):
        """About as many bytes; none at the end."""
        while True:
            data = self._stream.read(size)
            if self._decoder is None:
                return data
            try:
                text = self._decoder.decode(data, final=not data)
            except UnicodeError as error:
                raise ValueError(f"{self._path} is not {self.encoding} text: {error}") from None
            if self._start and text:
                text, self._start = text.removeprefix("\ufeff"), False
            if text or not data:
                return text.encode("utf-8", "surrogatepass")

    def text(self, data):
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            if self._told:
                raise ValueError(
                    f"{self._path} is not {self.encoding} text ({error.reason})"
                ) from None
            if not getattr(self, "_warned", False):
                self._warned = True
                warnings.warn(
                    f"{self._path} is not UTF-8 text: its other letters are read as cp1252 "
                    + advice("(--encoding names another)", "(save it as UTF-8)"),
                    stacklevel=2,
                )
            return data.decode("utf-8", WINDOWS)

    def close(self):
        self._stream.close()


def _marked(head):
    if head[:4] in (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE):
        return "utf-32"
    if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    return "utf-8" if head[:3] == codecs.BOM_UTF8 else None


def _unmarked(head):
    """UTF-16 without its mark: every other byte of ordinary text is zero."""
    zeros = head[:200].count(0)
    if len(head) < 4 or zeros < 0.4 * min(len(head), 200):
        return None
    return "utf-16-le" if head[1] == 0 else "utf-16-be"
