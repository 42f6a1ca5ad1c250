"""Text tables: CSV and its relatives, block by block, each read once.

A block is some megabytes of whole rows. pyarrow takes the numbers out of it where it is installed
and the block is plain; the standard library takes all others, and every block without pyarrow. Both
know the same markers of missing values and give the same bits.
"""

import io
import itertools
import re
import sys

import numpy as np

from linreg_fast.sources import arrow_text, signs
from linreg_fast.sources.cells import EXACT, as_numbers, is_wide, may_be_wide
from linreg_fast.sources.dialect import BLANKS, cells_of, find_dialect
from linreg_fast.sources.footers import without_footers
from linreg_fast.sources.lone_quotes import parts_of
from linreg_fast.sources.streams import READ, Utf8
from linreg_fast.sources.table import Batch, Column

BLOCK = 8 << 20  # bytes: pyarrow is as fast at 4 to 16 MB (45 MB of 10 columns, Zen 3)
# Shorter text is read without pyarrow: with it there, and before it is imported, which takes 0.2 s.
WORTH_ARROW, WORTH_IMPORTING = 1 << 14, 1 << 20
BLANK_LINE = re.compile(rb"(^|[\r\n])(\r?\n|\r)")
END_OF_LINE = re.compile(rb"\r\n|\n|\r")


class CsvSource:
    """A text table; see `table.Source`."""

    every_row = False  # whether lines of nothing are rows: predictions are counted line by line

    def __init__(
        self,
        stream,
        path,
        delimiter=None,
        decimal=None,
        encoding=None,
        engine="auto",
        dialect=None,
    ):
        self.path, self._text = path, Utf8(stream, path, encoding)
        self._engine = engine
        self._block = self._text.read(READ)
        self._ended = False
        while not (self._ended or b"\n" in self._block or len(self._block) > 64 * READ):
            self._more(READ)
        self._refuse_binary(self._block)
        self._newline = b"\n" if b"\n" in self._block else b"\r"
        end = self._cut() or len(self._block)
        if dialect is None:
            dialect = find_dialect(self._text.text(self._block[:end]), path, delimiter, decimal)
        self.dialect = dialect
        names, kinds = self.dialect.names, self.dialect.kinds
        self.columns = [Column(*both) for both in zip(names, kinds, strict=True)]
        lines, start = self.dialect.lines, 0
        for found in itertools.islice(END_OF_LINE.finditer(self._block, 0, end), lines):
            start, lines = found.end(), lines - 1
        self._block = self._block[end if lines else start :]
        lines = self.dialect.lines
        self._line = lines + 1
        self._far = dict.fromkeys(self.dialect.wide, True)  # place -> whether integers are rounded

    def __enter__(self):
        return self

    def __exit__(self, *details):
        self.close()

    def close(self):
        self._text.close()

    def _refuse_binary(self, data):
        if b"\0" in data:
            raise ValueError(f"{self.path} is not a text file: it holds a NUL character")

    def _more(self, size):
        data = self._text.read(size)
        self._ended = not data
        self._block += data

    def _cut(self):
        """Where the last whole row of the block ends: at an end of line that no quotes hold."""
        block, newline = self._block, self._newline
        end = block.rfind(newline) + 1
        if b'"' not in block:
            return end
        odd = block.count(b'"', 0, end) % 2
        while end and odd:
            quote = block.rfind(b'"', 0, end)  # no end of line after it is outside of quotes
            before, end = end, block.rfind(newline, 0, quote) + 1
            odd = (odd + block.count(b'"', end, before)) % 2
        return end

    def _whole_rows(self):
        """The rows that are held and those that are read next, copied once; b"" where it may not.

        Quotes may hold ends of lines, and the end of the file may not end its last row.
        """
        data = self._text.read(max(BLOCK - len(self._block), READ))
        self._ended = not data
        end = data.rfind(self._newline) + 1
        if not end or b'"' in self._block or b'"' in data:
            self._block += data
            return b""
        block = b"".join((self._block, memoryview(data)[:end]))
        self._block = data[end:]
        return block

    def _blocks(self):
        """(block of whole rows, the line it begins with); the last may not end with a newline."""
        while not (self._ended and not self._block):
            block = b"" if self._ended else self._whole_rows()
            if not block:
                end = len(self._block) if self._ended else self._cut()
                if not end:
                    if len(self._block) >= BLOCK:
                        self._more(len(self._block))
                    continue
                block, self._block = self._block[:end], self._block[end:]
            if not self._ended:
                self._more(READ)
            if self._ended:
                block, self._block = block + self._block, b""
                block = without_footers(block.rstrip(b"\r\n"), self._newline, self._text, self)
            self._refuse_binary(block)
            delimiter = self.dialect.delimiter
            parts = [block]
            if self._ended and delimiter != BLANKS:
                parts = parts_of(block, self._newline, delimiter, self._text.text)
            for part in parts:
                line = self._line
                letters = np.frombuffer(part, np.uint8)  # bytes.count takes twice as long
                self._line += int(np.count_nonzero(letters == ord(self._newline)))
                yield part, line

    def batches(self, numbers, texts=()):
        return signs.batches(self._batches, self.dialect.signs, numbers, texts)

    def _batches(self, numbers, texts=()):
        texts = list(texts)
        for block, line in self._blocks():
            batch = None
            if self._worth_arrow(block) and not (self.every_row and BLANK_LINE.search(block)):
                batch = arrow_text.parse(block, self.dialect, list(numbers), texts)
            if batch is None:
                batch = self._plain(block, list(numbers), texts)
            if batch is None:
                batch = self._parse(block, line, list(numbers), texts)
            else:
                batch = batch._replace(where=self._finder(block, line))
            if batch.rows:
                yield batch._replace(wide=self._wide(batch, block))

    def _wide(self, batch, block):
        """The ranges of columns with whole numbers, so far, which floats do not hold."""
        ends = {}
        for place, values in batch.numbers.items():
            low, high = np.fmin.reduce(values), np.fmax.reduce(values)
            if place not in self._far and (low < -EXACT or high > EXACT):  # looked at once
                self._far[place] = may_be_wide(block) and any(
                    len(row) > place and is_wide(row[place]) for row, _ in self._rows(block, 0)
                )
            if self._far.get(place):
                values = values[np.isfinite(values)]
                if len(values):
                    ends[place] = int(values.min()), int(values.max())
        return ends

    def _worth_arrow(self, block):
        if self.dialect.delimiter == BLANKS or self._engine == "python":
            return False
        least = WORTH_ARROW if "pyarrow.csv" in sys.modules else WORTH_IMPORTING
        if self._engine == "auto" and len(block) < least:
            return False
        return arrow_text.is_installed()

    def _plain(self, block, numbers, texts):
        """The numbers of a block that holds nothing else, by NumPy; None for others."""
        delimiter = self.dialect.delimiter
        if (
            texts
            or not numbers
            or b'"' in block
            or self.dialect.decimal != "."
            or len(block) < READ
        ):
            return None
        lines = block.count(b"\n")
        width = len(self.columns)
        if delimiter == BLANKS or block.count(delimiter.encode()) != lines * (width - 1):
            return None
        try:
            found = np.loadtxt(
                io.BytesIO(block), delimiter=delimiter, usecols=numbers, comments=None, ndmin=2
            )
        except ValueError:
            return None
        if len(found) != lines:
            return None
        columns = {place: found[:, j] for j, place in enumerate(numbers)}
        return Batch(lines, columns, {}, {}, str, [])

    def _rows(self, block, line):
        """(cells, line) of each row that has any."""
        lines = io.StringIO(self._text.text(block), newline="").readlines()
        width, before = len(self.columns), 0
        for row, read in cells_of(lines, self.dialect.delimiter):
            first, before = line + before, read
            if len(row) != width:
                if not any(map(str.strip, row)):
                    if self.every_row:
                        yield [""] * width, first
                    continue
                if len(row) > width and any(map(str.strip, row[width:])):
                    raise ValueError(
                        f"{self.path}, line {first}: {len(row)} cells, the header names {width}"
                    )
            elif not (self.every_row or row[0].strip() or any(map(str.strip, row))):
                continue
            yield row, first

    def _parse(self, block, line, numbers, texts):
        """A batch by the standard library, whatever the block holds."""
        rows, lines, short = [], [], []
        width = len(self.columns)
        needed = 1 + max((j for j, column in enumerate(self.columns) if column.name), default=0)
        for row, first in self._rows(block, line):
            if len(row) < width:
                if len(row) < needed:
                    short.append((len(rows), len(row)))
                row = row + [""] * (width - len(row))
            rows.append(row)
            lines.append(first)
        found, faults = {}, {}
        for place in numbers:
            column, fault = as_numbers([row[place] for row in rows], self.dialect.decimal)
            if fault is None:
                found[place] = column
            else:
                faults[place] = fault
        cells = {place: [row[place] for row in rows] for place in texts}
        return Batch(len(rows), found, cells, faults, lambda row: f"line {lines[row]}", short)

    def _finder(self, block, line):
        return lambda row: f"line {[first for _, first in self._rows(block, line)][row]}"
