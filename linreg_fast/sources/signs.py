"""Numbers with signs on them: thousands marks, percent, currency, true and false.

A column is read so only where all of its cells in the first rows agree; what a later cell writes in
another way is text, and is told as text among numbers is.
"""

import functools
import re
import warnings
from typing import NamedTuple

import numpy as np

from linreg_fast.sources.cells import is_missing
from linreg_fast.sources.doors import advice
from linreg_fast.sources.names import joined

MINUS = "\u2212"  # as typeset
BLANKS = " \u00a0\u2009\u202f"
APOSTROPHES = "'\u2019"
CODES = "USD|EUR|GBP|CHF|JPY|CNY|INR|CAD|AUD|SEK|NOK|DKK|PLN|BRL|Kč|kr|zł|Fr\\."
SYMBOL = rf"(?:[A-Z]{{0,3}}[$€£¥₹₽₩₺₴₪₫฿₦₱¢]|{CODES})"
AROUND = re.compile(
    rf"(?P<open>\()?(?P<sign>[+-]?)\s*(?P<before>{SYMBOL})?\s*(?P<inner>[+-]?)"
    rf"(?P<digits>[\d.,{BLANKS}{APOSTROPHES}]*\d[.,]?(?:[eE][+-]?\d+)?)"
    rf"\s*(?P<after>%|{SYMBOL})?(?P<close>\))?"
)
FLAGS = {"true": 1.0, "false": 0.0}


class Signs(NamedTuple):
    """How the numbers of a column are written."""

    thousands: str  # the mark between groups of three digits, "" where there is none
    symbol: str  # percent or a currency, "" where there is none
    decimal: str
    flags: bool = False  # true and false, in place of numbers

    def number(self, cell):
        """A float, NaN for a missing value; a ValueError for what is written in another way."""
        text = cell.strip()
        if self.flags and text.lower() in FLAGS:
            return FLAGS[text.lower()]
        if is_missing(text):
            return np.nan
        found = None if self.flags else _taken_apart(text)
        if found is None or found.symbol != self.symbol:
            raise ValueError(cell)
        whole, point, rest = found.digits.partition(self.decimal)
        if self.thousands:
            if self.thousands in whole and not _are_groups(whole.split(self.thousands)):
                raise ValueError(cell)
            whole = whole.replace(self.thousands, "")
        plain = whole + point.replace(self.decimal, ".") + rest
        if not re.fullmatch(r"[0-9]*\.?[0-9]*([eE][+-]?[0-9]+)?", plain):
            raise ValueError(cell)
        return -float(plain) if found.negative else float(plain)

    def numbers(self, cells):
        """(float64 array, None), or (None, (row, cell)) of the first that is text."""
        values = np.empty(len(cells))
        usual = _usual(self.thousands, self.symbol, self.decimal)
        for row, cell in enumerate(cells):
            found = usual.fullmatch(cell)  # six times as fast
            if found is not None and not self.flags:
                digits = "".join(filter(None, found.groups())).replace(self.thousands or "_", "")
                values[row] = float(digits.replace(self.decimal, "."))
                continue
            try:
                values[row] = self.number(cell)
            except ValueError:
                return None, (row, cell)
        return values, None


@functools.cache
def _usual(thousands, symbol, decimal):
    """What most cells of such a column look like: their sign and digits as groups."""
    mark, sign = re.escape(thousands), re.escape(symbol)
    whole = rf"[1-9][0-9]{{0,2}}(?:{mark}[0-9]{{3}})+|[0-9]+" if thousands else "[0-9]+"
    number = rf"((?:{whole})(?:{re.escape(decimal)}[0-9]+)?)"
    if not symbol:
        return re.compile(rf"([+-]?){number}")
    after = rf"([+-]?){number} ?{sign}"
    return re.compile(after if symbol == "%" else rf"([+-]?){sign} ?{number}|{after}")


class _Parts(NamedTuple):
    negative: bool
    symbol: str
    digits: str


def _taken_apart(cell):
    """The parts of a number; None for text. Brackets mean less than nothing beside a currency."""
    found = AROUND.fullmatch(cell.replace(MINUS, "-"))
    if found is None:
        return None
    symbols = [word for word in (found["before"], found["after"]) if word]
    signs = found["sign"] + found["inner"]
    if len(symbols) > 1 or len(signs) > 1:
        return None
    brackets = bool(found["open"])
    if brackets != bool(found["close"]) or (brackets and (signs or symbols in ([], ["%"]))):
        return None
    digits = found["digits"]
    for mark in BLANKS:
        digits = digits.replace(mark, " ")
    for mark in APOSTROPHES:
        digits = digits.replace(mark, "'")
    return _Parts(brackets or signs == "-", "".join(symbols), digits)


def _are_groups(groups):
    first, *others = groups
    return (
        1 <= len(first) <= 3
        and first.isdigit()
        and first[0] != "0"
        and all(len(group) == 3 and group.isdigit() for group in others)
    )


def find_signs(names, columns, kinds, decimal, path, told=False):
    """Place -> Signs of the columns that are text but for these; says which they are.

    told: whether the user gave the decimal mark. `kinds` is changed: such columns hold numbers.
    """
    found = {}
    if "text" not in kinds:
        return found
    points = told or any(_shows(cell, decimal) for column in columns for cell in column)
    for place, kind in enumerate(kinds):
        if kind != "text":
            continue
        cells = [cell.strip() for cell in columns[place] if not is_missing(cell)]
        signs = _signs(cells, decimal, points)
        if signs == "ambiguous":
            told_by = advice(": --decimal . or --decimal , tells which", ": write it without one")
            warnings.warn(
                f"{path}: {cells[0]!r} in column {names[place]!r} may have a decimal or a "
                f"thousands mark, and is text so far{told_by}",
                stacklevel=3,
            )
        elif signs is not None:
            found[place] = signs
            kinds[place] = "number"
    _tell(found, names, path)
    return found


def decimal_of(cell):
    """The decimal mark that a number with signs on it proves, "" where it proves none."""
    found = _taken_apart(cell)
    if found is None:
        return ""
    digits = found.digits
    if "," in digits and "." in digits:
        return max(",.", key=digits.rfind)
    for mark, other in (",.", ".,"):
        if digits.count(mark) > 1:
            return other
        if _shows(digits, mark):
            return mark
    return ""


def _shows(cell, decimal):
    """Whether a cell proves the decimal mark: a fraction that no group of three digits is."""
    whole, mark, digits = cell.strip().lstrip("+-").partition(decimal)
    return bool(mark) and digits.isdigit() and (len(digits) != 3 or whole in ("", "0"))


def _signs(cells, decimal, points):
    """The Signs of a column of text, None if it is just text, or "ambiguous"."""
    if all(cell.lower() in FLAGS for cell in cells):
        return Signs("", "", decimal, True)
    parts = [_taken_apart(cell) for cell in cells[:1]]  # most text ends here
    if None in parts:
        return None
    parts = [_taken_apart(cell) for cell in cells]
    if None in parts or len({part.symbol for part in parts}) != 1:
        return None
    symbol = parts[0].symbol
    other = "," if decimal == "." else "."
    for thousands in ("", other, " ", "'"):
        signs = Signs(thousands, symbol, decimal)
        if signs.numbers(cells)[1] is None:
            digits = [part.digits for part in parts]
            if not thousands and symbol not in ("", "%") and not points:  # 1.234 euros
                fractions = [d for d in digits if decimal in d]
                if fractions and all(_are_groups(d.split(decimal)) for d in fractions):
                    return "ambiguous"
            sure = points or thousands != other or symbol in ("$", "£")
            if sure or any(_settles(number, other, decimal) for number in digits):
                return signs
            return "ambiguous"
    return None


def _settles(digits, mark, decimal):
    """Whether a number tells that a mark stands between its groups of three digits.

    1,234,567 and 1,234.5 do, and so does 950 beside 1,234: a decimal would have been cut short.
    """
    if digits.count(mark) > 1 or (mark in digits and decimal in digits):
        return True
    return digits.isdigit() and digits.strip("0") != "" and len(digits) <= 3


def _tell(found, names, path):
    for words, places in (
        ("true and false are read as 1 and 0", [p for p in found if found[p].flags]),
        (
            "marks between thousands are passed over",
            [p for p in found if found[p].thousands],
        ),
        ("12% is read as 12", [p for p in found if found[p].symbol == "%"]),
        (
            "signs of a currency are passed over",
            [p for p in found if found[p].symbol not in ("", "%")],
        ),
    ):
        if places:
            columns = "column" + "s" * (len(places) > 1)
            listed = joined(names[place] for place in places)
            warnings.warn(f"{path}: {words}, in {columns} {listed}", stacklevel=4)


def batches(read, signs, numbers, texts=()):
    """The batches of `read`, the columns with signs taken as text and turned into numbers."""
    signed = [place for place in numbers if place in signs]
    if not signed:
        yield from read(numbers, texts)
        return
    kept = list(texts)
    plain = [place for place in numbers if place not in signs]
    for batch in read(plain, [*kept, *(place for place in signed if place not in kept)]):
        values, cells, faults = dict(batch.numbers), dict(batch.texts), dict(batch.faults)
        for place in signed:
            found, fault = signs[place].numbers(cells[place])
            if place not in kept:
                del cells[place]
            if fault is None:
                values[place] = found
            else:
                faults[place] = fault
        yield batch._replace(numbers=values, texts=cells, faults=faults)
        plain[:] = [place for place in plain if place in numbers]
        signed[:] = [place for place in signed if place in numbers]
