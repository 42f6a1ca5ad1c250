"""Time stamps and spans of time as numbers."""

import datetime
import re

import numpy as np

ZONE = re.compile(r"\d:\d\d.*([Zz]|[+-]\d\d:?\d\d)\s*$")
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


def numbers_of(times, span, n_samples, name, label="times"):
    """(times as int64 or float64, the span likewise).

    Raises
    ------
    ValueError
        For a stamp that is missing, naming its row, and for a span of another kind than the times.
    """
    stamps = _array_of(times, label)
    if stamps.shape != (n_samples,):
        raise ValueError(f"times must be ({n_samples},), a stamp a row; got shape {stamps.shape}")
    dates = stamps.dtype.kind == "M"
    gone = np.isnat(stamps) if dates else stamps != stamps
    if gone.any():
        raise ValueError(f"{label} has no stamp in row {int(np.argmax(gone))}")
    if dates != isinstance(span, np.timedelta64):
        kind = "dates: give a span such as '30d'" if dates else "numbers: give a number"
        raise ValueError(f"{name} is {span!r} and the times are {kind}")
    if dates:
        return stamps.astype("M8[ns]").astype(np.int64), int(span.astype(np.int64))
    if stamps.dtype.kind not in "iuf":
        raise ValueError(f"{label} must hold numbers or dates, got dtype {stamps.dtype}")
    stamps = stamps.astype(np.float64)
    if np.isinf(stamps).any():
        raise ValueError(f"{label} has an infinite stamp in row {int(np.argmax(np.isinf(stamps)))}")
    return stamps, float(span)


def _array_of(times, label):
    """An array of numbers or dates; those of a time zone as they are in UTC."""
    if getattr(getattr(times, "dtype", None), "tz", None) is not None:  # of pandas
        times = (times.dt if hasattr(times, "dt") else times).tz_convert(None)
    stamps = np.asarray(times)
    if stamps.dtype.kind not in "OUST":
        return stamps
    cells = [cell.decode() if isinstance(cell, bytes) else cell for cell in stamps.tolist()]
    try:
        return np.array([_in_utc(cell) for cell in cells], dtype="M8[ns]")
    except (TypeError, ValueError, OverflowError):
        row = next(k for k, cell in enumerate(cells) if not _is_date(cell))
        raise ValueError(
            f"{label} must hold numbers or dates such as 2024-01-31, and holds {cells[row]!r} in "
            f"row {row}: make them dates first, with pandas.to_datetime(...) and its format"
        ) from None


def _in_utc(cell):
    """A cell without its time zone; None for one that is missing."""
    if cell is None or cell != cell:  # NaT, NaN
        return None
    if isinstance(cell, str) and ZONE.search(cell):
        text = cell.strip()
        cell = datetime.datetime.fromisoformat(text[:-1] + "+00:00" if text[-1] in "Zz" else text)
    if isinstance(cell, datetime.datetime) and cell.tzinfo is not None:
        return cell.astimezone(datetime.timezone.utc).replace(tzinfo=None)
    return cell


def _is_date(cell):
    try:
        np.array([_in_utc(cell)], dtype="M8[ns]")
    except (TypeError, ValueError, OverflowError):
        return False
    return True


def check_sorted(stamps, order, starts):
    """Raise for the first row of a group that is earlier than the one before."""
    inside = np.ones(len(order), dtype=bool)
    inside[starts[:-1]] = False
    ordered = stamps[order]
    back = np.flatnonzero((np.diff(ordered, prepend=ordered[:1]) < 0) & inside)
    if len(back):
        row = int(order[back].min())
        raise ValueError(f"times go back at row {row}: sort the rows by time first")
