"""The one door to tables in files: the schema first, then the columns asked for, once.

>>> import os, tempfile
>>> path = os.path.join(tempfile.mkdtemp(), "t.csv")
>>> with open(path, "w") as file:
...     _ = file.write("city,area,price\\nOslo,50,200\\nRome,75,\\n")
>>> with open_table(path) as table:
...     print([(column.name, column.kind) for column in table.columns])
...     (batch,) = table.batches(numbers=[1, 2], texts=[0])
[('city', 'text'), ('area', 'number'), ('price', 'number')]
>>> batch.numbers[2].tolist(), batch.texts[0]
([200.0, nan], ['Oslo', 'Rome'])
"""

import os
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple, Protocol

import numpy as np

PARQUET_ENDINGS = (".parquet", ".pq")
ARROW_ENDINGS = (*PARQUET_ENDINGS, ".feather", ".arrow", ".arrows", ".ipc")
ENGINES = ("auto", "arrow", "python")
NONE: Mapping = MappingProxyType({})


class Column(NamedTuple):
    """A column as the first rows of a text table, or the types of a file, show it."""

    name: str  # "" where it has none
    kind: str  # number, text, date, empty, or what else a file says that it holds


class Ends(tuple):
    """(lowest, highest) of integers that were rounded.

    integers() : (rows,) of integers or objects, as they were before; any number where one was
    missing. whole: False of decimals, which are rounded anyway and only as labels kept apart.
    """

    integers: Callable[[], np.ndarray]
    whole: bool

    @classmethod
    def of(cls, lowest, highest, integers, whole=True):
        found = cls((lowest, highest))
        found.integers, found.whole = integers, whole
        return found


def told_of_rounding(name, ends):
    """What to say of a column whose integers floats do not hold. ends: (lowest, highest)."""
    low, high = ends
    step = 1 << max(max(-low, high).bit_length() - 53, 1)
    return (
        f"column {name!r} holds whole numbers from {low} to {high}, beyond 2**53: they were "
        f"rounded to multiples of {step}; take an offset off"
    )


def wider(known, ends):
    """The range of two: (lowest, highest) each, the first perhaps None."""
    low, high = ends
    return (low, high) if known is None else (min(known[0], low), max(known[1], high))


class Batch(NamedTuple):
    """Some rows of the columns asked for, each column an array of its own."""

    rows: int
    numbers: dict[int, np.ndarray]  # place -> (rows,) float64; NaN where a value is missing
    texts: dict[int, list[str]]  # place -> cells as they stand
    faults: dict[int, tuple[int, str]]  # place -> row and cell of the first that is no number
    where: Callable[[int], str]  # row -> "line 7": for messages
    short: list[tuple[int, int]]  # row and cells of those with fewer cells than the header
    wide: Mapping[int, tuple[int, int]] = NONE  # place -> range of integers that were rounded


class Source(Protocol):
    """A table that can be read once, from its start to its end."""

    path: str
    columns: list[Column]

    def batches(self, numbers, texts=()) -> Iterator[Batch]:
        """The columns at these places. `numbers` may lose members while the batches are read."""
        ...

    def close(self) -> None: ...


class Table(NamedTuple):
    """Columns of a file, in the order asked for."""

    names: list[str]
    values: np.ndarray  # (n_rows, n_columns) float64, in column-major order


def is_parquet(path):
    """Whether a file's name says that it is Parquet."""
    return os.fspath(path).lower().endswith(PARQUET_ENDINGS)


def is_arrow(path):
    """Whether a file's name says that it is Parquet or Feather."""
    return os.fspath(path).lower().endswith(ARROW_ENDINGS)


def open_table(path, *, delimiter=None, decimal=None, encoding=None, engine="auto", dialect=None):
    """A `Source`, its schema known: use it in a `with`.

    Parameters
    ----------
    path : str or path
        CSV in any usual form, plain or packed (.gz, .bz2, .xz, .zst); Parquet or Feather; ``-`` for
        standard input.
    delimiter, decimal, encoding : str, optional
        Of a text table; by default found from its first rows.
    engine : {"auto", "arrow", "python"}
        What takes numbers out of text. "auto": pyarrow where it is installed and the text is long.
        All give the same bits.
    dialect : Dialect, optional
        Of a text table that was opened before: it is not looked for again.

    Raises
    ------
    ValueError
        For a file that is malformed, without a header, or of an unknown kind.
    OSError
        For a file that cannot be opened.
    ImportError
        For Parquet, Feather and .zst without pyarrow; it names the extra.
    """
    from linreg_fast.sources.streams import open_bytes

    stream = open_bytes(path)
    name = "standard input" if os.fspath(path) == "-" else os.fspath(path)
    try:
        if is_arrow(path) or stream.peek(6) in (b"ARROW1",) or stream.peek(4) == b"PAR1":
            from linreg_fast.sources.arrow_files import ArrowSource

            return ArrowSource(stream, path, name)
        from linreg_fast.sources.csv_files import CsvSource

        return CsvSource(stream, name, delimiter, decimal, encoding, engine, dialect)
    except BaseException:
        stream.close()
        raise


def column_names(path, **options):
    """The names of all columns of a file, which is not read whole for them."""
    with open_table(path, **options) as source:
        return [column.name for column in source.columns]


def read_table(path, columns, *, missing="raise", **options):
    """Read the named columns as numbers.

    Parameters
    ----------
    path : str or path
    columns : list of str
    missing : {"raise", "drop", "keep"}
        What rows with a missing value do: stop it, stay out, or come as NaN.
    **options
        Those of `open_table`.

    Returns
    -------
    Table
        Its values in column-major order.

    Raises
    ------
    ValueError
        For an unknown column, a missing value, text, or a malformed file; it says where.
    """
    from linreg_fast.sources.collect import Collector
    from linreg_fast.sources.names import find

    with open_table(path, **options) as source:
        places = [find(source, name) for name in columns]
        rows = Collector(source, asked=places, missing=missing).read()
    kept = rows.complete(places) if missing == "drop" else None
    return Table(list(columns), rows.matrix(places, kept))
