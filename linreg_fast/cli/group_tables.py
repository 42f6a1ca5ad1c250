"""Lines of groups as a table: in a file, and its first rows on the screen."""

import itertools
import os

import numpy as np

from linreg_fast.many_fits.labels import as_list
from linreg_fast.sources.table import is_arrow, is_parquet

FIGURES = 6  # digits on the screen


def check_kind(path):
    """Fail before the work for a kind of file that could not be written after it."""
    if is_arrow(path):
        try:
            import pyarrow  # noqa: F401
        except ImportError:
            raise ImportError(
                f"writing {path} needs pyarrow: pip install 'linreg_fast[arrow]' (.csv and .json "
                "need nothing)"
            ) from None
    elif not os.fspath(path).lower().endswith((".csv", ".json", ".tsv", ".txt")):
        kind = os.path.splitext(path)[1]
        if kind:
            raise ValueError(f"cannot write {path}: .parquet, .feather, .json or .csv, not {kind}")


def save(path, fits):
    """Write a row a group, as the file's ending says; CSV where it says nothing."""
    from linreg_fast.data import jsonfile
    from linreg_fast.runtime.atomic import write_bytes

    name = os.fspath(path).lower()
    if is_arrow(path):
        write_bytes(path, _as_arrow(fits, is_parquet(path)))
    elif name.endswith(".json"):
        jsonfile.write_text(path, as_json(fits))
    else:
        jsonfile.write_text(path, as_csv(fits, "\t" if name.endswith(".tsv") else ","))


def _as_arrow(fits, parquet):
    import io

    import pyarrow
    from pyarrow import feather
    from pyarrow import parquet as parquets

    # NaN says that a number is not determined: to Arrow's readers that is a missing value.
    table = pyarrow.table(
        {name: pyarrow.array(values, from_pandas=True) for name, values in _columns(fits).items()}
    )
    out = io.BytesIO()
    if parquet:
        parquets.write_table(table, out)
    else:
        feather.write_feather(table, out)
    return out.getvalue()


def _columns(fits):
    return {name: _plain(values) for name, values in fits.columns().items()}


def _plain(values):
    return values.tolist() if getattr(values, "dtype", values) == np.dtype(object) else values


def _texts(values):
    """A column for a text file; stamps of nanoseconds as text, of microseconds if they are that."""
    if isinstance(values, list):
        return values
    if values.dtype.kind in "Mm":
        plain = values.astype(f"{values.dtype.kind}8[us]")
        fine = isinstance(values[:1].tolist()[0], int) and (plain == values).all()
        return [str(stamp) for stamp in as_list(plain if fine else values)]
    return values.tolist()


def as_json(fits):
    """The text of a list of one object a group; null where a number is not determined."""
    import json
    import math

    columns = {name: _texts(values) for name, values in _columns(fits).items()}
    rows = [
        {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in zip(columns, row, strict=True)
        }
        for row in zip(*columns.values(), strict=True)
    ]
    lines = ",\n".join(" " + json.dumps(row, ensure_ascii=False, default=str) for row in rows)
    return f"[\n{lines}\n]\n"


def as_csv(fits, delimiter=","):
    """The text of a table of a row a group; empty where a number is not determined."""
    import csv
    import io

    columns = [_texts(values) for values in _columns(fits).values()]
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(list(fits.columns()))
    for row in zip(*columns, strict=True):
        writer.writerow(["" if value != value else value for value in row])
    return text.getvalue()


def head(fits, groups, features):
    """Lines of a table of the first groups and features."""
    from linreg_fast.inference.numbers_as_text import padded, width

    keys = itertools.islice(fits.columns().items(), len(fits.key_names))
    table = {name: _plain(values) for name, values in keys}
    for j, name in enumerate(fits.feature_names[:features]):
        table[name] = fits.coef[:groups, j]
    if fits.n_features > features:
        table["..."] = [""] * len(fits)
    if fits.fit_intercept:
        table["intercept"] = fits.intercept[:groups]
    table |= {"R2": fits.r2[:groups], "rows": fits.n_samples[:groups]}
    table["rank"] = ["-" if rank < 0 else rank for rank in fits.rank[:groups].tolist()]
    columns = []
    for name, values in table.items():
        cells = [str(name), *(_cell(values[k]) for k in range(min(groups, len(fits))))]
        widest = max(map(width, cells))
        columns.append([padded(cell, widest) for cell in cells])
    return ["  ".join(row).rstrip() for row in zip(*columns, strict=True)]


def _cell(value):
    if isinstance(value, float):
        return "-" if value != value else f"{value:.{FIGURES}g}"
    return str(value)


def shortfalls(fits):
    """A sentence for each way in which groups fall short."""
    from linreg_fast.data.gate import listed
    from linreg_fast.sources.names import counted

    few = fits.rank < 0
    short = ~few & (fits.rank < fits.n_features)
    sentences = []
    for which, words in (
        (
            short,
            "with columns that are constant, depend on each other or are too many for the rows",
        ),
        (few, "with too few rows and without a line"),
    ):
        if which.any():
            named = listed([str(key) for key in fits.keys[which][:4].tolist()])
            more = ", ..." if which.sum() > 4 else ""
            sentences.append(f"{counted(int(which.sum()), 'group')} {words}: {named}{more}")
    return sentences
