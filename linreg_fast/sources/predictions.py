"""Predictions for the rows of a source, written to a file batch after batch."""

import contextlib
import os
import sys
import tempfile

import numpy as np

from linreg_fast.data.gate import frozen
from linreg_fast.kernels.steps.predict import predict
from linreg_fast.sources.arrow_files import need_pyarrow
from linreg_fast.sources.coded import RawTables
from linreg_fast.sources.columns import places_in, refuse_text
from linreg_fast.sources.names import NO_NAME
from linreg_fast.sources.progress import Progress
from linreg_fast.sources.recognise import pieces_of

HEAD = "prediction"


def write(source, path, names, coef, intercept, head=HEAD, options=None, coder=None, progress=None):
    """Write predictions of coef (1, p) and intercept (1,); the number of rows.

    path: None for the screen. head: the name of the column. options: of text tables. coder: makes
    (rows, p) features of `coded.Rows`: (pieces) -> an object with numbers, texts and features.
    progress: called with the rows so far; by default a line on a terminal, from two seconds on.
    """
    # a source, where to, columns and coefficients, and how they are read and written
    if len(coef) > 1:
        raise ValueError(f"predictions of one target are written, and the model has {len(coef)}")
    pieces = pieces_of(source, options)
    if names is None:
        names = [c.name for c in pieces[0].columns if not NO_NAME.fullmatch(c.name)]
        if len(names) != coef.shape[1]:
            raise ValueError(
                f"{pieces[0].path} has {len(names)} columns, the model {coef.shape[1]} features, "
                "without names: fit it to a source, or to a frame"
            )
    if coder is None:
        places = [places_in(piece, names) for piece in pieces]
    else:
        coder = coder(pieces)
        raw = RawTables(pieces, coder.numbers, coder.texts)

    def predicted():
        if coder is not None:
            for table, _ in raw.tables():
                with np.errstate(invalid="ignore"):
                    yield predict(frozen(coder.features(table)), coef, intercept)[:, 0]
            return
        for piece, where in zip(pieces, places, strict=True):
            for batch in piece.batches(list(where)):
                refuse_text(piece, where, names, batch)
                yield _predicted(batch, where, coef, intercept)

    def rows_into(add):
        rows, counts = 0, [piece.rows for piece in pieces]
        with Progress(None if None in counts else sum(counts)) as own:
            for values in predicted():
                add(values)
                rows += len(values)
                (progress or own)(rows)
        return rows

    try:
        if path is None:
            sys.stdout.write(head + "\n")
            return rows_into(lambda values: sys.stdout.write(_lines(values)))
        path = os.path.realpath(os.fspath(path))
        if any(os.path.realpath(piece.path) == path for piece in pieces):
            raise ValueError(f"{path} is read here: write to another file")
        parquet = path.lower().endswith((".parquet", ".pq"))
        with _replacing(path) as temporary, _writer(temporary, parquet, head) as add:
            return rows_into(add)
    finally:
        for piece in pieces:
            piece.close()


@contextlib.contextmanager
def _replacing(path):
    """The name of a file beside it, which takes its place at the end, or is deleted."""
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".linreg-fast-")
    os.close(handle)
    try:
        yield temporary
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)  # mkstemp makes files that only the owner can read
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _lines(values):
    return "".join("\n" if v != v else f"{v!r}\n" for v in values.tolist())


def _predicted(batch, places, coef, intercept):
    X = np.empty((batch.rows, len(places)), order="F")
    for j, place in enumerate(places):
        X[:, j] = batch.numbers[place]
    with np.errstate(invalid="ignore"):
        return predict(frozen(X), coef, intercept)[:, 0]


@contextlib.contextmanager
def _writer(path, parquet, head):
    """A function that adds an array of predictions to the file."""
    if not parquet:
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.write(head + "\n")
            yield lambda values: file.write(_lines(values))
        return
    pyarrow = need_pyarrow("and writing Parquet")
    from pyarrow import parquet as form

    schema = pyarrow.schema([(head, pyarrow.float64())])
    with form.ParquetWriter(path, schema) as file:

        def add_to_parquet(values):
            column = pyarrow.array(values, from_pandas=True)  # NaN as null
            file.write_table(pyarrow.table([column], schema=schema))

        yield add_to_parquet
