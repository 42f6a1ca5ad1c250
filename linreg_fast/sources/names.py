"""Names of columns: found as people type them, and those that are none."""

import csv
import difflib
import io
import re
import unicodedata

from linreg_fast.data.gate import listed

# As data frames and spreadsheets write the numbers of rows.
NO_NAME = re.compile(r"|__index_level_\d+__|Unnamed: [\d.]+|\.\.\.\d+")
ROW_NUMBERS = re.compile(
    r"(row|sl|sr|s|ser(ial)?|lfd|case|obs(ervation)?|record|rec|item|line|entry|sample)?[ ._]*"
    r"(names?|id|no|n[or°º]|num(ber)?|nummer|№|#|index|idx|level_\d+)[ ._]*"
    r"|row|obs(ervation)?|case|record|seq(uence)?|(?-i:X\.?1?)",
    re.IGNORECASE,
)


def find(source, name):
    """The place of a column by its name; a ValueError that lists the names where there is none."""
    names = [column.name for column in source.columns]
    same = [j for j, found in enumerate(names) if found == name]
    if not same:
        same = [j for j, found in enumerate(names) if composed(found) == composed(name)]
    if len(same) > 1:
        raise ValueError(f"{source.path}: more than one column is named {name!r}")
    if not same or not name:
        near = difflib.get_close_matches(name, names, 1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise ValueError(f"{source.path} has no column {name!r}: it has {listed(names)}{hint}")
    return same[0]


def composed(name):
    """Names that look the same are the same, whoever typed their accents."""
    return unicodedata.normalize("NFC", name.strip())


def split_names(source, given):
    """Names from options that were given once or more: a,b,"c, d"; or one whole name."""
    known = {composed(column.name) for column in source.columns}
    names = []
    for text in [given] if isinstance(given, str) else given:
        if composed(text) in known:
            names.append(text)
            continue
        text = text.replace("\\,", "\0")
        (row,) = csv.reader(io.StringIO(text), skipinitialspace=True) if text.strip() else [[]]
        names += [name.strip().replace("\0", ",") for name in row if name.strip()]
    return names


def joined(names):
    """Names as an option takes them."""
    return ",".join(f'"{name}"' if "," in name else name for name in names)


def counted(number, thing):
    """1 row, 2 rows.

    >>> counted(1, "row"), counted(2, "row")
    ('1 row', '2 rows')
    """
    return f"{number} {thing}" + "s" * (number != 1)


def is_or_are(number):
    return "is" if number == 1 else "are"
