"""How a text table is written, from its first rows: delimiter, header, decimal commas, kinds."""

import csv
import io
import warnings
from collections import Counter
from typing import NamedTuple

from linreg_fast.sources.around import MOST, are_units, may_be_footer, may_be_names, titles_above
from linreg_fast.sources.cells import (
    DECIMAL_COMMA,
    DECIMAL_POINT,
    is_missing,
    is_number,
    is_wide,
    kind_of,
)
from linreg_fast.sources.doors import advice
from linreg_fast.sources.signs import Signs, decimal_of, find_signs

DELIMITERS = "\t;|,"  # as likely as each other, the first: commas are also part of numbers and text
BLANKS = " "  # runs of them
NAMES = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "blank": BLANKS}
LONGEST_CELL = 2**31 - 1
SAMPLE_ROWS = 500
COMMENTS = ("#", "% ", "%%", "//", "; ", "! ")
RARE = "^~:"  # looked for where none of the others is found
CONSISTENT = 0.8  # of the rows have as many cells as most have


class Dialect(NamedTuple):
    """What the first rows of a text table tell about all of them."""

    delimiter: str
    decimal: str
    names: list[str]  # of the columns; "" for one that has none
    kinds: list[str]  # what `kind_of` says of each, by the first rows
    lines: int  # that stand above the first row of data
    padded: bool  # the header has fewer names than the rows have cells
    signs: dict[int, Signs]  # columns whose numbers have signs on them
    wide: frozenset[int] = frozenset()  # columns with whole numbers that floats do not hold


def cells_of(lines, delimiter):
    """(row, number of lines read until then) of each row of cells, quotes read as CSV has them.

    A quote that nothing closes is a letter: its line is read alone, and the next ones after it.
    """
    limit = csv.field_size_limit(LONGEST_CELL)
    rules = {"delimiter": delimiter, "skipinitialspace": True}
    if delimiter == BLANKS:
        lines = [" ".join(line.split()) + "\n" for line in lines]
    try:
        start = 0
        while start < len(lines):
            given = lines[start:] if start else lines
            held, first, after = None, 0, 0  # a row, the line where it begins, and the next one's
            reader = csv.reader(given, **rules)
            for row in reader:
                if held is not None:
                    yield held, start + after
                held, first, after = row, after, reader.line_num
            if held is None:
                return
            if not end_within_quotes(given[first:after], rules):
                yield held, start + after
                return
            yield (
                next(csv.reader(given[first:], quoting=csv.QUOTE_NONE, **rules)),
                start + first + 1,
            )
            start += first + 1
    finally:
        csv.field_size_limit(limit)


def end_within_quotes(lines, rules):
    """Whether a quote opens in these lines that none of them closes, as `csv` reads them."""
    reader, before = csv.reader([*lines, "\n"], **rules), 0
    for _ in reader:
        if before < len(lines) < reader.line_num:
            return True
        before = reader.line_num
    return False


def find_dialect(text, path, delimiter=None, decimal=None):
    """The Dialect of a table that begins with `text`; a ValueError for one without a header."""
    lines = io.StringIO(text, newline="").readlines()
    above, given = _above(lines)
    if delimiter is None:
        delimiter = given
    if delimiter is None:
        delimiter = _delimiter(lines[above:])
    delimiter = NAMES.get(delimiter, delimiter)
    if len(delimiter) != 1:
        raise ValueError(f"--delimiter must be one character, tab or blank, got {delimiter!r}")
    rows = []
    for row, read in cells_of(lines[above:], delimiter):
        if any(map(str.strip, row)):
            rows.append((row, above + read))
        if len(rows) > SAMPLE_ROWS:
            break
    header, rows, above = _header(rows, lines[:above], above, delimiter, path)
    while len(rows) > 1 and rows[0][0][0].startswith("#") and len(rows[0][0]) < len(rows[1][0]):
        above, rows = rows[0][1], rows[1:]
    names = [cell.strip().removeprefix("\ufeff") for cell in header]
    if not any(names):
        raise ValueError(f"{path} is empty: its first line must name the columns")
    body = [row for row, _ in rows]
    padded = _pad(names, body)
    given = decimal
    decimal = decimal or _decimal(body, path)
    if decimal not in (".", ","):
        raise ValueError(f"--decimal must be . or a comma, got {decimal!r}")
    if names and all(is_number(name) for name in names) and not may_be_names(names, path):
        raise ValueError(f"{path}: the first line must name the columns, it holds numbers")
    if are_units(body, decimal):
        above = rows[0][1]
        words = ", ".join(cell.strip() for cell in body[0][:5])
        warnings.warn(f"{path}: line {above} is passed over as units ({words})", stacklevel=2)
        body = body[1:]
    last = len(body) - 1
    while len(names) > 1 and last > max(0, len(body) - MOST) and may_be_footer(body[last]):
        last -= 1
    body = body[: last + 1]
    columns = [[row[j] if j < len(row) else "" for row in body] for j in range(len(names))]
    kinds = [kind_of(column, decimal) for column in columns]
    wide = frozenset(j for j, column in enumerate(columns) if any(map(is_wide, column)))
    signs = find_signs(names, columns, kinds, decimal, path, given is not None)
    return Dialect(delimiter, decimal, names, kinds, above, padded, signs, wide)


def _above(lines):
    """(lines to pass over, the delimiter that one of them names)."""
    above, given = 0, None
    while above < len(lines):
        line = lines[above].strip()
        if line.lower().startswith("sep=") and len(line) <= 6:  # for Excel
            given = lines[above].rstrip("\r\n").lstrip()[4:5] or None
        elif line and not line.startswith(COMMENTS):
            break
        above += 1
    return above, given


def _delimiter(lines):
    """The one by which the rows and the header have equally many cells, two or more."""
    found = []
    for place, delimiter in enumerate(DELIMITERS + BLANKS):
        if not any(delimiter in line for line in lines[:50]):
            continue
        widths = []
        for row, _ in cells_of(lines[: SAMPLE_ROWS + 1], delimiter):
            if any(map(str.strip, row)):
                widths.append(len(row))
        (most, count), *_ = Counter(widths[1:] or widths).most_common(1)
        share = count / max(len(widths) - 1, 1)
        heads = widths[: max(len(widths) // 2, 1)]  # a title may stand above the header
        fits = most >= 2 and any(most - 1 <= w <= most + 1 and w > 1 for w in heads)
        fits = fits or (most == 2 and widths[0] == 1 and delimiter == BLANKS)
        if fits and (delimiter != BLANKS or (share >= CONSISTENT and not found)):
            found.append((share >= CONSISTENT, round(share, 1), -place, delimiter))
    if not found and any(" " in line.strip() for line in lines[1:50]):
        first = lines[0].strip()
        if len(lines) > 1 and len(lines[1].split()) == 2 and len(first.split()) == 1:
            return BLANKS
    if not found and len(lines) > 1:
        for mark in RARE:
            times = [line.count(mark) for line in lines[:50] if line.strip()]
            if min(times) == max(times) > 0 and not any(
                is_missing(c) for c in lines[0].split(mark)
            ):
                return mark
    return max(found)[-1] if found else ","


def _header(rows, passed, above, delimiter, path):
    """(names, rows below, lines above these), titles passed over."""
    if not rows:
        raise ValueError(f"{path} is empty: its first line must name the columns")
    widths = Counter(len(row) for row, _ in rows[1:])
    most = widths.most_common(1)[0][0] if widths else len(rows[0][0])
    first = titles_above(rows, most)
    titles = [next(filter(str.strip, row)).strip() for row, _ in rows[:first]]
    if titles:
        warnings.warn(
            f"{path}: what stands above the header is passed over ({titles[0]!r})", stacklevel=2
        )
    header, read = rows[first]
    comment = passed[-1].strip().lstrip("#").strip() if passed else ""
    if comment and any(is_number(cell) for cell in header):  # "#x y" above numbers
        named = next((row for row, _ in cells_of([comment], delimiter)), [])
        if len(named) == len(header) and not any(is_number(name) for name in named):
            return named, rows[first:], above
    return header, rows[first + 1 :], read


def _pad(names, body):
    """Names for cells that the header has none for: row names first, or nothing at the end."""
    most = Counter(map(len, body)).most_common(1)[0][0] if body else len(names)
    extra = most - len(names)
    if extra <= 0:
        return False
    wide = [row for row in body if len(row) == most]
    at_end = all(not cell.strip() for row in wide for cell in row[len(names) :])
    if at_end:
        names.extend([""] * extra)
    elif extra == 1:  # as R writes row names
        names.insert(0, "")
    return not at_end and extra == 1


def _decimal(body, path):
    """A comma, where numbers of the first rows have one and none has a point."""
    if not any("," in cell or cell.count(".") > 1 for row in body for cell in row):
        return "."  # none proves a comma: 1.234.567 would
    commas = points = 0
    for row in body:
        for cell in row:
            if "," not in cell and "." not in cell:
                continue
            cell = cell.strip()
            if DECIMAL_POINT.fullmatch(cell):
                points += 1
            elif DECIMAL_COMMA.fullmatch(cell):
                _, _, digits = cell.partition(",")
                thousands = len(digits) == 3 and not cell.lstrip("+-").startswith(("0", ","))
                commas += not thousands
            elif "," in cell or "." in cell:
                shown = decimal_of(cell)
                commas, points = commas + (shown == ","), points + (shown == ".")
    if commas <= points:
        return "."
    warnings.warn(
        f"{path}: numbers are read with a decimal comma" + advice(" (--decimal . forbids it)"),
        stacklevel=2,
    )
    return ","
