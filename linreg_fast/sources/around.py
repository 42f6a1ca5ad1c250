"""What may stand around the rows of a text table: titles, units, notes, totals, odd names."""

import re
import warnings

from linreg_fast.sources.cells import is_missing, is_number, kind_of

YEARS = re.compile(r"1[5-9]\d\d|20\d\d|21\d\d")
LONG_SCALE = 8  # numbers in order are no accident: one row in 20 000
MOST = 10  # lines that are looked at below the rows
TOTALS = re.compile(
    r"((grand|sub)[ -]?)?totals?|sum|overall|average|mean|all|summe|gesamt|insgesamt|mittelwert"
    r"|total (général|general)|ensemble|moyenne|totale|media|totaal|suma|итого|合计|总计|合計",
    re.IGNORECASE,
)


def titles_above(rows, most):
    """How many rows above the header hold a title: one cell each, or fewer than a row of names."""
    if most < 3:
        return 0
    first, found = 0, rows[:20]
    while first < len(found) and (
        len(found[first][0]) < most - 1 or sum(1 for cell in found[first][0] if cell.strip()) < 2
    ):
        first += 1
    if first == len(found):
        return 0
    row = found[first][0]
    if first + 3 < len(rows) and len(row) < most:  # a title with commas, above a whole row of names
        names, *below = [row for row, _ in rows[first + 1 : first + 4]]
        if (
            len(names) == most == len(set(names))
            and not any(is_missing(name) or is_number(name) for name in names)
            and all(any(map(is_number, row)) for row in below)
        ):
            first += 1
    return first


def are_units(body, decimal):
    """Whether the first row holds words or nothing where the rows below mostly hold numbers."""
    if len(body) < 3:
        return False
    above = []
    for j, cell in enumerate(body[0]):
        below = [row[j] for row in body[1:] if j < len(row)]
        if kind_of(below, decimal) == "number":
            if is_number(cell, decimal):
                return False
            above.append(cell)
    if 2 * len(above) <= len(body[0]):
        return False
    words = sum(1 for cell in above if not is_missing(cell))
    return words > 1 and 2 * words > len(above)


def may_be_names(names, path):
    """Whether numbers are names: years, 0, 1, 2, ... or a long scale that rises or falls."""
    years = [name.strip() for name in names]
    if all(map(YEARS.fullmatch, years)) and len(set(years)) == len(years):
        return True
    values = [float(name) for name in names]
    counted = len(names) > 2 and years in (
        [str(k) for k in range(len(names))],
        [str(k) for k in range(1, len(names) + 1)],
    )
    rising = sorted(set(values))
    if counted or (len(names) >= LONG_SCALE and values in (rising, rising[::-1])):
        warnings.warn(
            f"{path}: the numbers of the first line are taken for names of columns", stacklevel=3
        )
        return True
    return False


def may_be_footer(row):
    return sum(1 for cell in row if cell.strip()) == 1 or is_total(row)


def is_total(row):
    label = next((cell.strip().rstrip(":").strip() for cell in row if cell.strip()), "")
    return len(row) > 1 and bool(TOTALS.fullmatch(label))
