"""What stands below the rows of a text table: notes, sources and totals, which are no rows."""

import io
import re
import warnings

from linreg_fast.sources.around import MOST, is_total
from linreg_fast.sources.cells import is_missing
from linreg_fast.sources.dialect import cells_of

END_OF_LINE = re.compile(rb"\r\n|\n|\r")


def count_footers(rows, kinds):
    """How many of the last rows are none. kinds: what the columns hold by the rows above.

    One cell of text alone, under numbers or in a row that is too short, is a note; "Total" in the
    first cell of the last row begins the sums of those above.
    """
    count = 0
    looked_at = rows[: -MOST - 1 : -1]
    for place, row in enumerate(looked_at, 1):
        if any(map(str.strip, row)):
            if not _is_note(row, kinds):
                break
            count = place
    if count == len(looked_at):
        return 0  # rows that all look so
    while count and count < len(rows) and not any(map(str.strip, rows[-count - 1])):
        count += 1  # the blank lines between
    above = rows[: len(rows) - count]
    if above and is_total(above[-1]):
        count += 1
    return count if count < len(rows) else 0


def _is_note(row, kinds):
    found = [(j, cell) for j, cell in enumerate(row) if cell.strip()]
    (place, cell), *more = found
    if cell.strip().startswith(("#", "\x1a")) and place == 0:
        return len(row) != len(kinds) or not more
    if more or place or is_missing(cell) or not re.search(r"[^\W\d]", cell):
        return False
    return len(kinds) > 1 and (len(row) == 1 or kinds[0] == "number")


def without_footers(block, newline, text, source):
    """The last block of a table without the lines below the rows, which a sentence names."""
    start = len(block)
    for _ in range(MOST + 2):
        start = block.rfind(newline, 0, max(start - 1, 0)) + 1
    odd = block.count(b'"', start) % 2
    while start and odd:  # it is inside of quotes, or one in the tail never ends
        quote = block.rfind(b'"', 0, start)
        if quote < 0:
            break
        before, start = start, block.rfind(newline, 0, quote) + 1
        odd = (odd + block.count(b'"', start, before)) % 2
    tail = block[start:]
    lines = io.StringIO(text.text(tail), newline="").readlines()
    rows, ends = [], [0]
    for row, read in cells_of(lines, source.dialect.delimiter):
        rows.append(row)
        ends.append(read)
    count = count_footers(rows, source.dialect.kinds)
    if not count or (start and count == len(rows)):
        return block
    kept = len(rows) - count
    words = next(filter(str.strip, (cell for row in rows[kept:] for cell in row)), "").strip()
    if words and words != "\x1a":
        warnings.warn(
            f"{source.path}: what stands below the rows is passed over, from {words[:40]!r} on",
            stacklevel=4,
        )
    ends_of_lines = [0, *(found.end() for found in END_OF_LINE.finditer(tail)), len(tail)]
    return block[: start + ends_of_lines[ends[kept]]]
