"""Predictions for the rows of a source, written to a file batch after batch."""

import contextlib
import csv
import io
import os
import sys

import numpy as np

from linreg_fast.data.gate import frozen
from linreg_fast.kernels.steps.predict import predict
from linreg_fast.runtime.atomic import replacing
from linreg_fast.sources.arrow_files import need_pyarrow
from linreg_fast.sources.coded import RawTables
from linreg_fast.sources.progress import Progress
from linreg_fast.sources.recognise import close_all, closed_on_failure, pieces_of
from linreg_fast.sources.table import ARROW_ENDINGS, PARQUET_ENDINGS, is_parquet

HEAD = "prediction"
PACKED = (".gz", ".bz2", ".xz", ".zst")
NOT_WRITTEN = (*set(ARROW_ENDINGS) - set(PARQUET_ENDINGS), ".json", ".xlsx", *PACKED)


def write(source, path, coder_of, coef, intercept):
    """Write predictions of coef (1, p) and intercept (1,); the number of rows.

    coder_of(pieces): as the coder of `write_columns`.
    """
    if len(coef) > 1:
        raise ValueError(f"predictions of one target are written, and the model has {len(coef)}")
    pieces = pieces_of(source)
    with closed_on_failure(pieces):
        coder = coder_of(pieces)
    return write_columns(pieces, path, coder, lambda X: [line(X, coef, intercept)], [HEAD])


def line(X, coef, intercept):
    """(rows,) what one target is at rows of X, NaN where one has a gap."""
    with np.errstate(invalid="ignore"):
        return predict(frozen(X), coef, intercept)[:, 0]


def write_columns(pieces, path, coder, answers, heads, kept=(), check=None, progress=None):
    """Write columns of answers for all rows of pieces, which are closed; the number of rows.

    path: None for the screen. coder: makes the features of `coded.Rows`. answers(X): a list of
    (rows,), one for each of the heads. kept: names of columns, which are written before them as
    text. check(X, where), if any: raises for what a row may not hold. progress: called with the
    rows so far; by default a line on a terminal, from two seconds on.
    """
    # what is read, its features, where to, the answers, and what goes beside them
    try:
        raw = RawTables(pieces, coder.numbers, [*coder.texts, *kept], every_row=True)

        def rows_into(add):
            rows = 0
            with Progress(raw.rows) as own:
                for table, _ in raw.tables():
                    with np.errstate(invalid="ignore"):
                        X = coder.features(table)
                    if check is not None:
                        check(X, table.where)
                    add([*(table.texts[name] for name in kept), *answers(X)])
                    rows += len(X)
                    (progress or own)(rows)
            return rows

        if path is None:
            with csv_to(sys.stdout, [*kept, *heads]) as add:
                return rows_into(add)
        check_ending(path)
        target = os.path.realpath(os.fspath(path))
        if any(os.path.realpath(piece.path) == target for piece in pieces):
            raise ValueError(f"{target} is read here: write to another file")
        with columns_to(path, kept, heads) as add:
            return rows_into(add)
    finally:
        close_all(pieces)


def check_ending(path):
    """Refuse a path whose ending promises another form than the two that are written."""
    ending = os.path.splitext(os.fsdecode(path))[1].lower()
    if ending in NOT_WRITTEN:
        name = os.fsdecode(path)
        raise ValueError(f"predictions are written as CSV or Parquet: {name} names another kind")


def heads_of(target, kept, more=()):
    """What the columns of predictions are called beside those that are kept."""
    while target in kept:
        target = f"predicted {target}"
    return [target, *more]


@contextlib.contextmanager
def columns_to(path, kept, heads):
    """A function that adds columns of text and of numbers to a file, written whole or not at all.

    Parquet where its name says so, else CSV: lines of numbers with all digits.
    """
    with replacing(path) as temporary:
        if is_parquet(path):
            with _parquet_writer(temporary, kept, heads) as add:
                yield add
        else:
            with (
                open(temporary, "w", encoding="utf-8", newline="\n") as file,
                csv_to(file, [*kept, *heads]) as add,
            ):
                yield add


@contextlib.contextmanager
def csv_to(file, heads):
    """A function that adds columns to an open file, whose first line is written now."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(heads)
    yield lambda columns: file.write(as_lines(columns))


def as_lines(columns):
    """Rows of a CSV: text as it is, numbers with all digits, empty where one is NaN."""
    columns = [column if isinstance(column, list) else column.tolist() for column in columns]
    if len(columns) == 1:  # csv would write "" for an empty one
        return "".join("\n" if value != value else f"{value!r}\n" for value in columns[0])
    lines = io.StringIO(newline="")
    writer = csv.writer(lines, lineterminator="\n")
    for row in zip(*columns, strict=True):
        writer.writerow([v if isinstance(v, str) else "" if v != v else repr(v) for v in row])
    return lines.getvalue()


@contextlib.contextmanager
def _parquet_writer(path, kept, heads):
    pyarrow = need_pyarrow("and writing Parquet")
    from pyarrow import parquet as form

    types = [pyarrow.string()] * len(kept) + [pyarrow.float64()] * len(heads)
    schema = pyarrow.schema(list(zip([*kept, *heads], types, strict=True)))
    with form.ParquetWriter(path, schema) as file:

        def add(columns):
            arrays = [  # NaN as null
                pyarrow.array(column, type_, from_pandas=True)
                for column, type_ in zip(columns, types, strict=True)
            ]
            file.write_table(pyarrow.table(arrays, schema=schema))

        yield add
