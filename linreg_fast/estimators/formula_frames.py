"""The columns of a data frame that a formula asks for, as a pandas frame without gaps."""

import difflib

import numpy as np

from linreg_fast.data.gate import listed, refuse_lazy


class Frame:
    """A frame of pandas, polars or pyarrow, or a dict of columns, read column by column."""

    def __init__(self, data):
        refuse_lazy(data, "data")
        names = getattr(data, "columns", None)
        if hasattr(data, "column_names"):  # pyarrow
            names = data.column_names
        elif isinstance(data, dict):
            names = list(data)
        if names is None or isinstance(data, np.ndarray):
            raise ValueError(
                f"a formula needs columns with names: pass a data frame, got {type(data).__name__}"
            )
        self.names, self._data = [str(name) for name in names], data
        self._read = {}
        self.gone = None  # (n,) of bool: rows that are left out for what stands beside the formula

    def column(self, name):
        """A pandas Series of numbers, of a Categorical, or of text; an error for dates."""
        import pandas as pd

        if name in self._read:
            return self._read[name]
        if self.names.count(name) != 1:
            raise no_column(name, self.names)
        values = self._data[name]
        if hasattr(values, "to_pylist"):
            values = values.to_pylist()  # pyarrow
        elif type(values).__module__.startswith("polars"):
            values = values.to_list() if values.dtype.is_nested() else values.to_numpy()
        found = pd.Series(values) if not isinstance(values, pd.Series) else values
        found = found.reset_index(drop=True)
        if found.dtype.kind in "mM":
            raise ValueError(
                f"column {name!r} of the frame holds dates or times: make numbers of them first "
                f"(days since a start, the year), or leave it out (. - {name})"
            )
        self._read[name] = found
        return found

    def missing(self, name):
        """(n,) of bool."""
        return self.column(name).isna().to_numpy()

    def complete(self, names):
        """(pandas frame of the rows without a gap in these columns, (n,) of bool: which)."""
        import pandas as pd

        columns = {name: self.column(name) for name in names}
        if not columns:
            raise ValueError("the formula names no column of the frame")
        lengths = {len(column) for column in columns.values()}
        if len(lengths) != 1:
            raise ValueError(f"columns of the frame have different lengths: {sorted(lengths)}")
        kept = np.ones(lengths.pop(), dtype=bool)
        for name in columns:
            kept &= ~self.missing(name)
        if self.gone is not None:
            if len(self.gone) != len(kept):
                raise ValueError(
                    f"sample_weight has {len(self.gone)} entries and the frame {len(kept)} rows"
                )
            kept &= ~self.gone
        chosen = {name: _plain(column[kept]) for name, column in columns.items()}
        return pd.DataFrame(chosen).reset_index(drop=True), kept


def no_column(name, names):
    """The error for a name of a formula that is no column, or of more than one."""
    what = "more than one column" if name in names else "no column"
    near = difflib.get_close_matches(name, names, 1) if name not in names else ()
    hint = f" (did you mean {near[0]!r}?)" if near else f": there are {listed(names)}"
    if name[:2] in ("i.", "c.") and name[2:] in names:  # as Stata has them
        own = name[2:]
        hint = f": write C({own}) for groups" if name[0] == "i" else f": write {own} for numbers"
    return ValueError(f"there is {what} {name!r}, which the formula names{hint}")


def _plain(column):
    """Numbers as NumPy has them; text as objects; of a Categorical the levels that occur."""
    kind = column.dtype
    if hasattr(kind, "categories"):
        return column.cat.remove_unused_categories()
    if kind.kind in "biuf" and not isinstance(kind, np.dtype):
        return column.astype(kind.numpy_dtype)
    return column.astype(object) if kind.kind not in "biuf" else column
