"""Predictions for the rows of a source, written to a file batch after batch."""

import contextlib
import os
import tempfile

import numpy as np

from linreg_fast.data.gate import frozen
from linreg_fast.kernels.steps.predict import predict
from linreg_fast.sources.arrow_files import need_pyarrow
from linreg_fast.sources.columns import places_in, refuse_text
from linreg_fast.sources.names import NO_NAME
from linreg_fast.sources.recognise import pieces_of

HEAD = "prediction"


def write(source, path, names, coef, intercept):
    """Write predictions of coef (1, p) and intercept (1,); the number of rows."""
    if len(coef) > 1:
        raise ValueError(f"predictions of one target are written, and the model has {len(coef)}")
    pieces = pieces_of(source)
    if names is None:
        names = [c.name for c in pieces[0].columns if not NO_NAME.fullmatch(c.name)]
        if len(names) != coef.shape[1]:
            raise ValueError(
                f"{pieces[0].path} has {len(names)} columns, the model {coef.shape[1]} features, "
                "without names: fit it to a source, or to a frame"
            )
    places = [places_in(piece, names) for piece in pieces]
    path = os.path.realpath(os.fspath(path))
    for piece in pieces:
        if os.path.exists(piece.path) and os.path.realpath(piece.path) == path:
            raise ValueError(f"{path} is read here: write to another file")
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".linreg-fast-")
    os.close(handle)
    rows = 0
    try:
        with _writer(temporary, path.lower().endswith((".parquet", ".pq"))) as add:
            for piece, where in zip(pieces, places, strict=True):
                for batch in piece.batches(list(where)):
                    refuse_text(piece, where, names, batch)
                    add(_predicted(batch, where, coef, intercept))
                    rows += batch.rows
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)  # mkstemp makes files that only the owner can read
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    finally:
        for piece in pieces:
            piece.close()
    return rows


def _predicted(batch, places, coef, intercept):
    X = np.empty((batch.rows, len(places)), order="F")
    for j, place in enumerate(places):
        X[:, j] = batch.numbers[place]
    with np.errstate(invalid="ignore"):
        return predict(frozen(X), coef, intercept)[:, 0]


@contextlib.contextmanager
def _writer(path, parquet):
    """A function that adds an array of predictions to the file."""
    if not parquet:
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.write(HEAD + "\n")

            def add(values):
                file.write("".join("\n" if v != v else f"{v!r}\n" for v in values.tolist()))

            yield add
        return
    pyarrow = need_pyarrow(path)
    from pyarrow import parquet as form

    schema = pyarrow.schema([(HEAD, pyarrow.float64())])
    with form.ParquetWriter(path, schema) as file:

        def add_to_parquet(values):
            column = pyarrow.array(values, from_pandas=True)  # NaN as null
            file.write_table(pyarrow.table([column], schema=schema))

        yield add_to_parquet
