"""JSON files with a kind and a version: written whole or not at all, refused when not ours."""

import json
import math

from linreg_fast.runtime.atomic import write_bytes


def dumps(kind, version, content):
    """JSON text. Floats have as many digits as it takes to read the same bits back."""
    return json.dumps({"format": kind, "version": version, **content}, allow_nan=False, indent=1)


def _refuse_constant(name):
    raise ValueError(f"{name} is not a number that JSON allows")


def loads(text, kind, version):
    """The content of a text that `dumps` wrote, or a ValueError that says why it is not one."""
    try:
        content = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"not a {kind} file: {error}") from None
    if not isinstance(content, dict) or content.get("format") != kind:
        raise ValueError(f"not a {kind} file: it has no format entry that says so")
    found = content.get("version")
    if type(found) is not int or found < 1:
        raise ValueError(f"malformed {kind} file: version is {found!r}")
    if found > version:
        raise ValueError(
            f"this {kind} file has version {found}, written by a newer linreg_fast; "
            f"this one reads up to {version}: upgrade it"
        )
    return content


def numbers(content, key, length=None):
    """A list of finite floats under a key, of a given length where one is named."""
    values = content.get(key)
    if (
        not isinstance(values, list)
        or (length is not None and len(values) != length)
        or not all(type(v) in (int, float) and _fits(v) for v in values)
    ):
        size = "" if length is None else f"{length} "
        raise ValueError(f"malformed file: {key!r} must be a list of {size}finite numbers")
    return [float(v) for v in values]


def _fits(value):
    try:
        return math.isfinite(float(value))
    except OverflowError:  # an integer of more than 308 digits
        return False


def write_text(path, text):
    write_bytes(path, text.encode())


def read_text(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not a text file: {error}") from None
