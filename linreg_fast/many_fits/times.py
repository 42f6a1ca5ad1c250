"""Time stamps and spans of time as numbers."""

import datetime
import re

import numpy as np

UNITS = {"d": "D", "h": "h", "min": "m", "s": "s", "ms": "ms", "us": "us", "ns": "ns", "w": "W"}


def span_of(value, name):
    """A number, or a span of time as np.timedelta64[ns]."""
    if isinstance(value, str):
        found = re.fullmatch(r"\s*(\d+)\s*([a-zA-Z]+)\s*", value)
        unit = UNITS.get(found[2].lower()) if found else None
        if unit is None:
            raise ValueError(
                f"{name} must be a number or a span such as '30d', '12h', '15min' or '10s', "
                f"got {value!r}"
            )
        value = np.timedelta64(int(found[1]), unit)
    if isinstance(value, (datetime.timedelta, np.timedelta64)):
        return np.timedelta64(value).astype("m8[ns]")
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
        raise ValueError(f"{name} must be a number or a span of time, got {value!r}")
    return value


def numbers_of(times, span, n_samples, name):
    """(times as int64 or float64, the span likewise).

    Raises
    ------
    ValueError
        For a stamp that is missing, naming its row, and for a span of another kind than the times.
    """
    stamps = np.asarray(times)
    if stamps.shape != (n_samples,):
        raise ValueError(f"times must be ({n_samples},), a stamp a row; got shape {stamps.shape}")
    if stamps.dtype.kind == "O":
        stamps = stamps.astype("M8[ns]")
    dates = stamps.dtype.kind == "M"
    gone = np.isnat(stamps) if dates else stamps != stamps
    if gone.any():
        raise ValueError(f"times has no stamp in row {int(np.argmax(gone))}")
    if dates != isinstance(span, np.timedelta64):
        kind = "dates: give a span such as '30d'" if dates else "numbers: give a number"
        raise ValueError(f"{name} is {span!r} and the times are {kind}")
    if dates:
        return stamps.astype("M8[ns]").astype(np.int64), int(span.astype(np.int64))
    if stamps.dtype.kind not in "iuf":
        raise ValueError(f"times must hold numbers or dates, got dtype {stamps.dtype}")
    return stamps.astype(np.float64), float(span)


def check_sorted(stamps, order, starts):
    """Raise for the first row of a group that is earlier than the one before."""
    inside = np.ones(len(order), dtype=bool)
    inside[starts[:-1]] = False
    ordered = stamps[order]
    back = np.flatnonzero((np.diff(ordered, prepend=ordered[:1]) < 0) & inside)
    if len(back):
        row = int(order[back].min())
        raise ValueError(f"times go back at row {row}: sort the rows by time first")
