"""What is a source of tables, told by its attributes: nothing is imported for it."""

import contextlib

from linreg_fast.sources.paths import find_files, is_path

TABLES = (  # attributes that say that something hands out columns with names
    "__arrow_c_stream__",
    "__arrow_c_array__",
    "collect_batches",
    "get_fragments",
    "to_arrow_reader",
    "fetch_arrow_reader",
    "projected_schema",
    "schema_arrow",
)


def names_files(given):
    """Whether it is a path, or a list of nothing but paths."""
    if is_path(given):
        return True
    return isinstance(given, (list, tuple)) and bool(given) and all(map(is_path, given))


def hands_out_tables(given):
    return any(hasattr(given, name) for name in TABLES) or is_frame(given)


def is_frame(given):
    return hasattr(given, "iloc") and hasattr(given, "columns")


def is_held(given):
    """Whether rows are in memory already: an array, or a frame of pandas, polars or pyarrow."""
    return is_frame(given) or hasattr(given, "__array__") or hasattr(given, "column_names")


def is_iterator(given):
    return hasattr(given, "__next__") and not hasattr(given, "__array__")


def refuse_sources(given, name="X", hint="pass an array or a data frame"):
    """Raise for rows that are read in batches, where they are needed in memory."""
    handed_out = any(hasattr(given, each) for each in (*TABLES[2:], "read_next_batch"))
    if handed_out or names_files(given) or is_iterator(given):
        raise TypeError(
            f"{name} is a {type(given).__name__}, whose rows are not in memory; {hint} (fit, "
            "partial_fit, score and inference of LinearRegression, and linreg_fast.moments, read "
            "sources in batches)"
        )


def is_source(given, target):
    """Whether rows are to be read from it, with `target` the name of a column.

    Without a target (None) an iterator yields (X, y) or (X, y, sample_weight).
    """
    if hasattr(given, "__dask_graph__"):
        return False
    if names_files(given):
        return True
    if target is None:
        return is_iterator(given) and not hands_out_tables(given)
    if not isinstance(target, str):  # refused with a better word where it is a list of names
        names = isinstance(target, list) and target and isinstance(target[0], str)
        return names and hands_out_tables(given)
    if isinstance(given, (list, tuple)):
        return any(hands_out_tables(one) or is_path(one) for one in given)
    return hands_out_tables(given) or is_iterator(given)


def close_all(pieces):
    for piece in pieces:
        piece.close()


@contextlib.contextmanager
def closed_on_failure(pieces):
    """Close the pieces if the block raises; whoever it makes them for closes them else."""
    try:
        yield
    except BaseException:
        close_all(pieces)
        raise


def pieces_of(given, options=None):
    """The `Piece`s of a source of tables, all of them looked at.

    options: of text tables, as `table.open_table` has them.
    """
    from linreg_fast.sources.pieces import FilePiece

    if names_files(given):
        pieces = []
        with closed_on_failure(pieces):
            for path, constants in find_files(given):
                pieces.append(FilePiece(path, constants, options or {}))
        return pieces
    if isinstance(given, (list, tuple)):
        return [piece for one in given for piece in pieces_of(one, options)]
    from linreg_fast.sources import handed_out

    if hasattr(given, "get_fragments"):
        return handed_out.of_dataset(given)
    if is_iterator(given) and not hands_out_tables(given):
        if hasattr(given, "read"):
            raise ValueError("an open file is no source: pass its path")
        first = next(given, None)
        if is_path(first):
            return pieces_of([first, *given], options)
        return [handed_out.ItemsPiece(first, given, _piece_of)]
    return [_piece_of(given)]


def _piece_of(given):
    """The piece of one object that hands out one table."""
    from linreg_fast.sources import handed_out

    kind = type(given).__name__
    if hasattr(given, "collect_batches"):
        return handed_out.LazyFramePiece(given)
    if hasattr(given, "project") and hasattr(given, "limit"):
        return handed_out.RelationPiece(given)
    if hasattr(given, "projected_schema"):
        return handed_out.ArrowStreamPiece(given.to_reader(), kind)
    if hasattr(given, "schema_arrow"):
        return handed_out.OpenParquetPiece(given)
    if is_frame(given):
        return handed_out.FramePiece(given)
    if hasattr(given, "__arrow_c_stream__") or hasattr(given, "__arrow_c_array__"):
        return handed_out.ArrowStreamPiece(given, kind)
    if hasattr(given, "dtype"):
        raise ValueError(f"the source is a {kind}, without names of columns: pass a data frame")
    raise ValueError(
        f"the source holds an object of type {kind}: with the target as a name it must yield "
        "tables, such as record batches or data frames; without a name, (X, y) or (X, y, "
        "sample_weight)"
    )
