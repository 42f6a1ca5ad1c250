"""The bench from Python: rows on one's own data, a record that draws itself in a notebook."""

import os

from linreg_fast.bench import page, record
from linreg_fast.bench.session import Plan, Session
from linreg_fast.bench.table import digits
from linreg_fast.data.gate import as_matrix, as_target
from linreg_fast.runtime import atomic
from linreg_fast.wording import seconds


class Comparison:
    """What `compare` found.

    Attributes
    ----------
    record : dict
        All numbers, as ``linreg-fast bench --json`` writes them.
    wrong : list of str
        Names of the rows whose answer was wrong.
    """

    def __init__(self, found):
        self.record = found
        self.wrong = record.wrong(found["tables"])

    def __getitem__(self, name):
        """A row's numbers by its name, of the first table that has it."""
        for table in self.record["tables"]:
            for row in table["rows"]:
                if row["name"] == name:
                    return row
        raise KeyError(name)

    def __repr__(self):
        return "\n".join(line for table in self.record["tables"] for line in _text(table))

    def _repr_html_(self):
        return page.fragment(self.record)

    def save(self, path):
        """Write the record as JSON, or as a report if the name ends with .html."""
        ending = os.path.splitext(path)[1].lower()
        text = page.page(self.record) if ending == ".html" else record.dumps(self.record)
        atomic.write_bytes(path, text.encode())


def _text(table):
    yield f"{record.TITLES[table['problem']]}, {record.size_of(table)} {table['dtype']}"
    yield table["sentence"]
    for row in table["rows"]:
        if row["median"] is None:
            yield f"  {row['name']:28} {row['note'] or 'WRONG'}"
            continue
        speed = record.speed_up(row["against"])
        ratio = f"x {speed[0]:.2g} ({speed[1]:.2g}-{speed[2]:.2g})" if speed else ""
        yield (
            f"  {row['name']:28}{seconds(row['median']):>9} {record.percent(row['percent']):>6} "
            f"{ratio:20} {digits(row['disagreement']):>3} digits  {record.where(row)}"
        )


def _sorted_out(rows):
    """(names of rows of the tables, --add like texts, name -> function) of what was given."""
    names, specs, functions = [], [], {}
    for row in rows or ():
        name, thing = row if isinstance(row, tuple) else (None, row)
        if isinstance(thing, str):
            (specs if ":" in thing or thing.endswith(".py") else names).append(thing)
        else:
            name = name or getattr(thing, "__name__", None) or type(thing).__name__
            if name in functions:
                raise ValueError(f"two rows are called {name!r}: give (name, function)")
            functions[name] = thing
    return tuple(names), tuple(specs), functions


def compare(X, y, rows=None, problem="fit", *, seconds=0.2, peers=False, tell=None):
    """Check and time ways to fit, or rungs, on your data, in the same rounds.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
    y : array-like of shape (n_samples,)
    rows : list, optional
        Names of the table's rows; functions of (X, y) that return ``[intercept, *coef]`` or
        ``(coef, intercept)``; estimators; (name, function or estimator); what ``--add`` takes
        as text. By default all rows of the table. A function is called in this process, and
        one that hangs is yours to interrupt; a file that hangs or crashes is told like a wrong one.
    problem : str
        Of mse, gradient, moments, fit; or groups, rolling, cv, screen, p_values: many fits
        at once.
    seconds : float
        Of samples for each row.
    peers : bool
        And the fits of the other libraries that are installed.
    tell : callable, optional
        Is given a text whenever something else is measured.

    Returns
    -------
    Comparison
        Prints as a table, draws itself in a notebook, and keeps the record.

    Raises
    ------
    ValueError
        For X or y that are no finite numbers of matching shapes, a name that no table has, and
        what cannot be loaded.

    Examples
    --------
    >>> import numpy as np
    >>> from linreg_fast import bench
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> def half(X, y):
    ...     return np.linalg.lstsq(np.column_stack([np.ones(len(X)), X]), y, rcond=None)[0] / 2
    >>> found = bench.compare(X, X @ [1.0, 2.0, 3.0] + 4, ["qr", half], seconds=0.01)
    >>> found.wrong
    ['half']
    """
    from linreg_fast.bench.cases import MANY, PROBLEMS

    if problem not in (*PROBLEMS, *MANY):
        known = ", ".join((*PROBLEMS, *MANY))
        raise ValueError(f"unknown problem {problem!r}: choose of {known}")
    X = as_matrix(X)
    y = as_target(y, len(X))
    if y.ndim != 1:
        raise ValueError(f"y must be 1-D to be compared on; got shape {y.shape}")
    names, specs, functions = _sorted_out(rows)
    if rows is not None and not names:
        names = (_NONE,)
    plan = Plan((problem,), seconds, names, specs, peers, callables=functions)
    session = Session(plan, tell)
    return Comparison(session.run([("yours", X, y)]))


_NONE = ""  # the name of no row: only those that were given
