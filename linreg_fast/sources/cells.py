"""What a cell of a text table says: a number, that it is missing, a date, or text."""

import math
import re

import numpy as np

from linreg_fast.sources.doors import advice

# Compared in lower case and without the blanks around it.
WORDS = ("na", "n/a", "n.a.", "nan", "-nan", "nat", "null", "(null)", "[null]", "<null>", "<na>")
SHEETS = ("#n/a", "#na", "#n/a n/a", "#value!", "#div/0!", "#ref!", "#num!", "#name?", "#null!")
C_NUMBERS = ("1.#qnan", "-1.#ind", "1.#ind", "-1.#qnan")
NO_TEXT = frozenset(("", "?", "\\n", *WORDS, *SHEETS, *C_NUMBERS))
# Of a column of numbers; in one of text "none" may be a group.
MISSING = NO_TEXT | {"none", "nil", "missing", "unknown", "not available", "n.d.", "nd"}
MISSING |= {"-", "--", "---", "\u2013", "\u2014", ".", "..", "...", "\u2026", "*", ":", "/"}
DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([ T].*)?|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2})( .*)?"
    r"|\d{4}-\d{2}|\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?"
)
WIDE, EXACT = re.compile(r"[+-]?[0-9]{16,400}"), 1 << 53
WIDE_IN_TEXT = re.compile(rb"(?<![0-9.eE])[0-9]{16,400}(?![0-9.eE])")
DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")
DECIMAL_POINT = re.compile(r"[+-]?(\d+\.\d*|\.\d+)([eE][+-]?\d+)?")


def is_missing(cell, of_text=False):
    return cell.strip().lower() in (NO_TEXT if of_text else MISSING)


def as_number(cell, decimal="."):
    """A float; a ValueError for what is none. A missing value is NaN."""
    if decimal == ",":
        if "." in cell and not is_missing(cell):
            raise ValueError(cell)
        cell = cell.replace(",", ".")
    if "_" in cell:  # which Python takes for a separator: 2024_01 is a name
        raise ValueError(cell)
    try:
        return float(cell)
    except ValueError:
        if is_missing(cell):
            return np.nan
        raise


def is_number(cell, decimal="."):
    try:
        as_number(cell, decimal)
    except ValueError:
        return False
    return not is_missing(cell)


def is_wide(cell):
    """Whether it is a whole number that no float holds.

    >>> is_wide("9007199254740993"), is_wide("9007199254740992"), is_wide("1e300")
    (True, False, False)
    """
    return len(cell) > 15 and bool(WIDE.fullmatch(cell.strip())) and abs(int(cell)) > EXACT


def may_be_wide(block):
    """Whether bytes of text hold so many digits without a point or an exponent.

    >>> may_be_wide(b"1,9007199254740993"), may_be_wide(b"0.9007199254740993,1e300")
    (True, False)
    """
    return bool(WIDE_IN_TEXT.search(block))


def _are_plain(cells):
    """Whether all are numbers as Python writes them, which is told faster than one by one."""
    try:
        values = list(map(float, cells))
    except ValueError:
        return False
    return not any(map(math.isnan, values)) and "_" not in "".join(cells)


def kind_of(cells, decimal):
    """ "number", "date", "text", or "empty" where all cells are missing."""
    if decimal == "." and cells and _are_plain(cells):
        return "number"
    found = [cell for cell in cells if not is_missing(cell)]
    if not found:
        return "empty"
    if all(is_number(cell, decimal) for cell in found):
        return "number"
    if all(DATE.fullmatch(cell.strip()) for cell in found):
        return "date"
    return "text"


def as_numbers(cells, decimal):
    """(float64 array, None), or (None, (row, cell)) of the first cell that is text."""
    try:
        if decimal == "." and "_" not in "".join(cells):
            return np.array(list(map(float, cells)), dtype=np.float64), None
    except ValueError:
        pass
    values = np.empty(len(cells))
    for row, cell in enumerate(cells):
        try:
            values[row] = as_number(cell, decimal)
        except ValueError:
            return None, (row, cell)
    return values, None


def why_text(cell):
    """What to do about a cell that should be a number."""
    if cell.startswith('"'):
        return "a quote opens there that never closes (unexpected end of data)"
    if is_number(cell.replace(",", ".")) or is_number(cell.replace(",", "")):
        told = advice(" (or give --decimal)")
        return f"write decimals with a point{told}, and thousands without a comma"
    return "leave the column out, or encode it as numbers" + advice(" (--categorical: as groups)")
