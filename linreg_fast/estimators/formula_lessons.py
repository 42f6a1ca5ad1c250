"""What all rows teach a formula, of rows that are read in batches: levels, means and spreads."""

import ast
import copy
import itertools
import re

import numpy as np

from linreg_fast.estimators.formula_frames import no_column
from linreg_fast.estimators.formula_names import columns_of, expressions, refuse_unsafe
from linreg_fast.estimators.formula_sides import Side, formulaic
from linreg_fast.estimators.formula_text import parsed, spelt_out
from linreg_fast.estimators.formulas import Design
from linreg_fast.sources.cells import is_missing

MOST_LEVELS = 20_000  # of one factor: each is a column of the fit
SCALED = ("center", "scale", "standardize")
SPLINE = "use bs(x, knots=[...], lower_bound=..., upper_bound=...)"
INSTEAD = {  # of what needs all rows at once
    "poly": "write x + I(x**2), which fits the same values",
    "bs": "say where: bs(x, knots=[...], lower_bound=..., upper_bound=...)",
    "lag": "make a column of it",
    "hashed": "use C(...)",
    **dict.fromkeys(("cr", "cs", "cc"), SPLINE),
}


def needs_all_rows(text):
    """Whether a formula calls what needs all rows at once, or may: `bs` with its knots does not.

    >>> needs_all_rows("y ~ poly (x, 2)"), needs_all_rows("y ~ pools + cc")
    (True, False)
    """
    return re.search(rf"\b({'|'.join(INSTEAD)})\s*\(", text) is not None


def frame_of(rows, kinds):
    """{column: array} of `Rows`, as a `Design` takes it."""
    found = dict(rows.numbers)
    for name, kind in kinds.items():
        if kind == "text":
            cells = [None if is_missing(c, True) else c.strip() for c in rows.texts[name]]
            found[name] = np.array(cells, dtype=object)
    return {name: found[name] for name in kinds}


def begin(text, names, dot, kinds_of, context=None):
    """(`Design`, `Lesson`) of a formula for rows that are read in batches, before the first one.

    names: of all columns; dot: of those that `.` stands for. kinds_of(names): {name: "number" or
    "text"} of the columns that the formula takes.
    """
    text = spelt_out(text, dot)
    sides = parsed(text)
    if sides[0] is None:
        raise ValueError(f"the formula {text!r} has no target: write 'target ~ {text}'")
    for side in sides:
        refuse_unsafe(side, context or ())
    for name in (n for side in sides for n in columns_of(side, names, context or ())):
        if names.count(name) != 1:
            raise no_column(name, names)
    left, right = (Side(side, names, context or ()) for side in sides)
    design = Design(text, left, right, context)
    kinds = kinds_of(dict.fromkeys([*left.columns, *right.columns]))
    return design, Lesson(sides, kinds, design)


class Lesson:
    """What the rows teach a formula: levels, means and spreads."""

    def __init__(self, sides, kinds, design):
        self.kinds, self.context = kinds, design.context
        self._factors = {}  # columns of a factor that is not of numbers -> the values seen
        self._scaled = {}  # text of a call -> (its argument, [count, mean, squares])
        self._base = None  # the first whole row
        for side in sides:
            for text, tree, quoted in expressions(side):
                self._add(text, tree, quoted)
        self.why = [*map("+".join, self._factors), *self._scaled]

    @property
    def needs_all(self):
        return bool(self._factors or self._scaled)

    def _add(self, text, tree, quoted):
        if tree is None:
            if self.kinds.get(text) == "text":
                self._factors.setdefault((text,), set())
            return
        named = {quoted.get(node.id, node.id) for node in ast.walk(tree)
                 if isinstance(node, ast.Name)} & set(self.kinds)  # fmt: skip
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        calls = [(getattr(node.func, "id", ""), node) for node in calls]
        for name, node in calls:
            if name in INSTEAD:
                given = {keyword.arg for keyword in node.keywords}
                if name == "bs" and {"knots", "lower_bound", "upper_bound"} <= given:
                    continue
                raise ValueError(
                    f"the formula's {text!r} needs all rows at once, and these are read in "
                    f"batches: {INSTEAD[name]}; or read one table into a data frame"
                )
            if name in SCALED:
                self._add_scaled(text, tree, node, quoted)
        if any(name == "C" for name, _ in calls) or any(
            self.kinds[name] == "text" for name in named
        ):
            self._factors.setdefault(tuple(sorted(named)), set())

    def _add_scaled(self, text, tree, node, quoted):
        inner = {getattr(each.func, "id", "") for each in ast.walk(node) if each is not node
                 and isinstance(each, ast.Call)}  # fmt: skip
        if node is not tree.body or len(node.args) != 1 or inner & set(SCALED):
            raise ValueError(
                f"the formula's {text!r}: of rows that are read in batches {node.func.id} stands "
                "by itself, as in center(x) or scale(log(x))"
            )
        argument = ast.unparse(node.args[0])
        for alias, name in quoted.items():
            argument = argument.replace(alias, f"`{name}`")
        self._scaled[text] = argument, [0, 0.0, 0.0]

    def look_at(self, raw, progress=None):
        """Read the tables: all of them, or until there is one whole row.

        Returns all of them again where they can be read once only, else None.
        """
        again = None
        if raw.again:
            raw.look_at(self._look_at, progress)
        else:
            seen, rest = [], raw.tables()
            for pair in rest:
                seen.append(pair)
                if self._look_at(pair[0]):
                    break
            again = itertools.chain(seen, rest)
        if self._base is None:
            raise ValueError("every row has a missing value in a column of the formula")
        return again

    def _look_at(self, rows):
        """Learn from `Rows`; whether that is enough."""
        kept = ~rows.gaps([*rows.numbers, *rows.texts])
        frame = frame_of(rows, self.kinds)
        self.learn({name: values[kept] for name, values in frame.items()}, f"{rows.path}: ")
        return self._base is not None and not self.needs_all

    def learn(self, frame, where=""):
        """From {column: array} of rows without gaps. where: what an error starts with."""
        if not len(next(iter(frame.values()))):
            return
        if self._base is None:
            self._base = {name: values[0] for name, values in frame.items()}
        for names, seen in self._factors.items():
            columns = [frame[name] for name in names]
            if len(columns) == 1 and columns[0].dtype != object:
                seen.update((value,) for value in np.unique(columns[0]).tolist())
            else:
                seen.update(zip(*(column.tolist() for column in columns), strict=True))
            _check_levels(names, seen, where)
        for argument, sums in self._scaled.values():
            values = self._values_of(argument, frame)
            mean = float(np.mean(values))
            _add(sums, len(values), mean, float(np.sum((values - mean) ** 2)))

    def copy(self):
        """A lesson that has learnt as much; the context, which may hold modules, is not copied."""
        found = copy.copy(self)
        found._factors = {names: set(seen) for names, seen in self._factors.items()}
        found._scaled = {text: (given, [*sums]) for text, (given, sums) in self._scaled.items()}
        return found

    def join(self, other):
        """Add what other rows, which follow, have taught another lesson of the same formula."""
        if self._base is None:
            self._base = other._base
        for names, seen in self._factors.items():
            seen |= other._factors[names]
            _check_levels(names, seen, "")
        for text, (_, sums) in self._scaled.items():
            if other._scaled[text][1][0]:
                _add(sums, *other._scaled[text][1])

    @property
    def learnt(self):
        """Whether there was a row without gaps."""
        return self._base is not None

    def _values_of(self, argument, frame):
        side = Side(formulaic().Formula(f"0 + I({argument})"), list(frame), self.context)
        table = {name: frame[name] for name in side.columns}
        import pandas as pd

        where = np.arange(len(next(iter(table.values()))))
        return side.values(pd.DataFrame(table), self.context, where)[:, 0]

    def frame(self):
        """A table with each level of each factor."""
        rows = [self._base]
        for names, seen in self._factors.items():
            rows += [{**self._base, **dict(zip(names, values, strict=True))} for values in seen]
        found = {}
        for name, kind in self.kinds.items():
            values = [row[name] for row in rows]
            numbers = np.array(values, dtype=object if kind == "text" else np.float64)
            alone = kind == "number" and (name,) in self._factors
            if alone and (numbers == np.round(numbers)).all() and abs(numbers).max() < 2**53:
                numbers = numbers.astype(np.int64)  # C(cyl)[T.6], not [T.6.0]
            found[name] = numbers
        return found

    def correct(self, design):
        """Means and spreads are those of all rows, not of the table."""
        for text, (_, (count, mean, squares)) in self._scaled.items():
            for side in (design.left, design.right):
                states = side.spec.transform_state
                for key in states:
                    if "".join(key.split()) != "".join(text.split()):
                        continue
                    state = states[key]
                    if state["center"] is not None:
                        state["center"] = np.float64(mean)
                    if state["scale"] is not None:
                        off = 0.0 if state["center"] is not None else count * mean**2
                        state["scale"] = np.sqrt((squares + off) / (count - state["ddof"]))


def _check_levels(names, seen, where):
    if len(seen) > MOST_LEVELS:
        raise ValueError(
            f"{where}the formula makes groups of {' and '.join(names)}, which have more than "
            f"{MOST_LEVELS} different values: each would be a column of the fit"
        )


def _add(sums, count, mean, squares):
    """Join a count, a mean and squares about it to those so far."""
    total = sums[0] + count
    step = mean - sums[1]
    sums[2] += squares + step**2 * sums[0] * count / total
    sums[1] += step * count / total
    sums[0] = total
