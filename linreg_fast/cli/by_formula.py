"""Tables that are read by a formula: the columns that it names, and the rows of a fit."""

import ast

import numpy as np

from linreg_fast.cli.common import patience
from linreg_fast.cli.tables import opened


def read_rows(options):
    """(`Rows`, `Design`) of a fit by --formula."""
    from linreg_fast.sources.collect import Collector
    from linreg_fast.sources.design import Rows
    from linreg_fast.sources.names import find, split_names
    from linreg_fast.sources.selection import cells_of

    refuse_columns(options)
    with patience(f"reading {options.data}"), opened(options) as source:
        clusters = split_names(source, options.clusters or ())
        beside = [find(source, name) for name in clusters]
        weights = None if options.weights is None else find(source, options.weights)
        out = {source.columns[place].name for place in beside}
        out |= set(split_names(source, options.exclude or ()))
        out |= set() if weights is None else {source.columns[weights].name}
        text, sides = read_formula(options, [column.name for column in source.columns], out)
        named = _Named(sides, source)
        also = [] if weights is None else [weights]
        columns = Collector(
            source,
            [*named.numbers, *also],
            grouped=[*named.texts, *(p for p in beside if p not in [*named.numbers, *also])],
            missing=options.missing,
        ).read()
        used = list(dict.fromkeys([*named.numbers, *named.texts, *also, *beside]))
        kept = columns.complete(used)
        _tell_of_gaps(columns, kept, used)
        frame = named.frame(columns, kept)
        of_rows = None if weights is None else columns.matrix([weights], kept)[:, 0]
        cells = {source.columns[place].name: cells_of(columns, place, kept) for place in beside}
    from linreg_fast.estimators.formulas import Design

    rows_read = np.arange(columns.rows) if kept is None else np.flatnonzero(kept)
    design, X, y = Design.of(text, frame, row_numbers=rows_read + 1)
    if y.ndim > 1:
        raise ValueError(f"the formula has {y.shape[1]} targets: fit them one by one")
    rows = Rows(X, y, of_rows, design.names, {}, columns.rows, kept, cells)
    return rows, design, named.kinds


def plain(design, kinds):
    """What a model's file says of a formula and the kinds of its columns."""
    from linreg_fast.estimators.formula_file import to_plain

    return {**to_plain(design), "kinds": dict(kinds)}


def refuse_columns(options):
    """Raise for options that a formula stands for."""
    for name in ("features", "categorical"):
        if getattr(options, name):
            raise ValueError(
                f"a formula names the columns: leave --{name} out (C(city) has groups)"
            )
    if options.no_intercept:
        raise ValueError("a formula says whether there is an intercept: write '- 1' in it")


def read_formula(options, names, out=()):
    """(the formula with its target, its two sides), safe to compute."""
    from linreg_fast.estimators.formula_names import refuse_unsafe
    from linreg_fast.estimators.formula_sides import formulaic
    from linreg_fast.estimators.formula_text import parsed, spelt_out

    formulaic()
    text = options.formula
    if "~" not in text:
        if not options.target:
            raise ValueError(f"--formula {text!r} has no target: write 'target ~ {text}'")
        quoted = options.target if options.target.isidentifier() else f"`{options.target}`"
        text = f"{quoted} ~ {text}"
    elif options.target and text.partition("~")[0].strip().strip("`") != options.target:
        raise ValueError(f"--formula {text!r} has its target: leave --target out")
    text = spelt_out(text, [name for name in names if name and name not in out])
    sides = parsed(text)
    if sides[0] is None:
        raise ValueError(f"--formula {text!r} has no target: write 'target ~ ...'")
    for side in sides:
        refuse_unsafe(side)
    return text, sides


def frame_of(source, kinds, columns, kept=None):
    """The frame that a saved formula is applied to; columns: a `Collector` that has read."""
    from linreg_fast.sources.names import find

    return {name: _values(columns, find(source, name), kind, kept) for name, kind in kinds.items()}


def _values(columns, place, kind, kept):
    if kind == "text":
        from linreg_fast.sources.cells import is_missing
        from linreg_fast.sources.selection import cells_of

        cells = cells_of(columns, place, kept)
        return np.array([None if is_missing(cell, True) else cell for cell in cells], dtype=object)
    rows = columns.rows if kept is None else int(kept.sum())
    values = np.empty(rows)
    columns.fill(values, place, kept)
    return values


class _Named:
    """The columns that a formula names, and what they are taken for: numbers, wholes or text."""

    def __init__(self, sides, source):
        from linreg_fast.estimators.formula_names import columns_of
        from linreg_fast.estimators.formula_streams import kinds_of
        from linreg_fast.sources.names import find

        names = [column.name for column in source.columns]
        found = dict.fromkeys(name for side in sides for name in columns_of(side, names))
        self.places = {name: find(source, name) for name in found}
        self.kinds = kinds_of([source], self.places)
        self._groups = _only_groups(sides)
        self.numbers = [p for n, p in self.places.items() if self.kinds[n] == "number"]
        self.texts = [p for n, p in self.places.items() if self.kinds[n] == "text"]

    def frame(self, columns, kept):
        found = {}
        for name, place in self.places.items():
            values = _values(columns, place, self.kinds[name], kept)
            if name in self._groups and self.kinds[name] == "number" and len(values):
                whole = (values == np.round(values)).all() and abs(values).max() < 2**53
                values = values.astype(np.int64) if whole else values  # C(cyl)[T.6], not [T.6.0]
            found[name] = values
        return found


def _only_groups(sides):
    """Columns that stand in C(...) and nowhere else."""
    from linreg_fast.estimators.formula_names import expressions

    inside, outside = set(), set()
    for side in sides:
        for text, tree, quoted in expressions(side):
            call = None if tree is None else tree.body
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "C" and call.args:
                name = getattr(call.args[0], "id", "")
                inside.add(quoted.get(name, name))
            elif tree is None:
                outside.add(text)
            else:
                names = (node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
                outside |= {quoted.get(name, name) for name in names}
    return inside - outside


def _tell_of_gaps(columns, kept, used):
    import warnings

    from linreg_fast.data.gate import listed
    from linreg_fast.sources.names import counted, is_or_are, joined

    if kept is None or kept.all():
        return
    if not kept.any():
        columns.matrix(used[:1], kept)  # says which column is to blame
    dropped = int((~kept).sum())
    gaps = [place for place in used if columns.gaps[place]]
    found = [f"{joined([columns.name(place)])} ({columns.gaps[place]})" for place in gaps]
    warnings.warn(
        f"{columns.source.path}: {dropped} of {counted(columns.rows, 'row')} {is_or_are(dropped)} "
        f"left out for missing values, in {listed(found)} (--missing raise stops at them)",
        stacklevel=3,
    )
