"""Tables that others hand out, lazily or in batches, as a data frame of the columns asked for."""

from linreg_fast.data.gate import is_dask
from linreg_fast.data.room import check_room
from linreg_fast.sources.arrow_files import need_pyarrow
from linreg_fast.sources.handed_out import columns_of_relation, reader_of_relation
from linreg_fast.sources.recognise import is_frame, is_held, is_iterator


def as_frame(X, wanted=None):
    """A data frame that gives columns by name, of whatever hands out tables; else X itself.

    wanted: names of the columns that are needed; None: all. Frames of pandas, polars and pyarrow
    are handed back whole, a LazyFrame, a relation, a Dataset and Dask's frames are asked for those
    columns alone, and a list or an iterator of tables becomes one table.

    Raises
    ------
    ValueError
        For an iterator that yields other things than tables, and one that yields nothing.
    MemoryError
        For a Dataset of Parquet files whose columns would not fit: in GB, before they are read.
    """
    kind = type(X).__name__
    if hasattr(X, "read") and hasattr(X, "seekable"):
        raise ValueError("an open file is no source: pass its path")
    if is_dask(X) and hasattr(X, "dtypes") and hasattr(X, "columns"):
        return (X if wanted is None else X[list(wanted)]).compute()
    if hasattr(X, "collect_schema") and not hasattr(X, "__array__"):  # a LazyFrame of polars
        return (X if wanted is None else X.select(list(wanted))).collect()
    if is_held(X):
        return X
    if hasattr(X, "get_fragments"):
        names = X.schema.names if wanted is None else list(wanted)
        check_room(
            8 * X.count_rows() * len(names),
            f"{len(names)} columns of the Dataset",
            "the numbers of",
        )
        return X.to_table(columns=names)
    if hasattr(X, "project") and hasattr(X, "limit"):  # a relation of DuckDB
        chosen = X if wanted is None else columns_of_relation(X, map(str, wanted))
        return reader_of_relation(chosen, 1 << 16).read_all()
    if hasattr(X, "schema_arrow"):  # a ParquetFile
        return X.read(columns=wanted if wanted is None else list(wanted))
    if hasattr(X, "read_next_batch"):
        return X.read_all()
    if hasattr(X, "__arrow_c_stream__") or hasattr(X, "__arrow_c_array__"):
        return need_pyarrow(f"a {kind}").table(X)
    if is_iterator(X) or (isinstance(X, (list, tuple)) and X and _is_table(X[0])):
        return _joined(X, wanted)
    return X


def _is_table(given):
    return is_frame(given) or any(
        hasattr(given, name) for name in ("__arrow_c_stream__", "column_names", "get_fragments")
    )


def _joined(tables, wanted):
    """One table of pyarrow's, of many that come one after the other."""
    pyarrow = need_pyarrow("a list of tables")
    parts = []
    for count, table in enumerate(tables):
        if not _is_table(table):
            raise ValueError(
                f"batch {count} is a {type(table).__name__}: an iterator must yield tables, such "
                "as data frames or record batches"
            )
        found = as_frame(table, wanted)
        if hasattr(found, "iloc"):
            found = pyarrow.Table.from_pandas(found, preserve_index=False)
        elif not isinstance(found, pyarrow.Table):
            found = pyarrow.table(found)
        parts.append(found if wanted is None else found.select(list(wanted)))
    if not parts:
        raise ValueError("the iterator yields nothing: no rows to fit (has it been used up?)")
    try:
        return pyarrow.concat_tables(parts)
    except pyarrow.ArrowInvalid as error:
        raise ValueError(f"the tables do not have the same columns: {error}") from None
