"""What predict, score and diagnose share: a model, and a table's columns as it wants them."""

import numpy as np

from linreg_fast.cli.model_file import Model
from linreg_fast.sources import groups
from linreg_fast.sources.collect import Collector
from linreg_fast.sources.names import find


def load(options):
    try:
        return Model.load(options.model)
    except ValueError as error:
        raise ValueError(f"{error} (MODEL, which fit --out wrote, comes before DATA)") from None


class Applied:
    """The rows of a table that a model is applied to.

    others: names of columns of numbers besides. target: whether that of the model is needed, too.
    """

    def __init__(self, source, model, others=(), texts=(), missing="keep", target=False):
        self._model, self._source = model, source
        self._by_formula = model.formula is not None
        self._design = model.design() if self._by_formula else None
        names = list(model.columns)
        if self._by_formula and target:
            names = list(dict.fromkeys([*model.formula["left"]["columns"], *names]))
        self._places = {name: find(source, name) for name in names}
        self._target = find(source, model.target) if target and not self._by_formula else None
        self.others = [find(source, name) for name in others]
        grouped = [self._places[name] for name in names if self._is_text(name)]
        numbers = [place for name, place in self._places.items() if not self._is_text(name)]
        self._used = [*self._places.values(), *self.others]
        if self._target is not None:
            numbers.append(self._target)
            self._used.append(self._target)
        self.columns = Collector(
            source,
            [*numbers, *self.others],
            texts=[find(source, name) for name in texts],
            grouped=grouped,
            missing=missing,
        ).read()

    def _is_text(self, name):
        if self._by_formula:
            return self._model.formula["kinds"][name] == "text"
        return name in self._model.categories

    def complete(self):
        """(rows,) of bool: those without a gap; None if all are."""
        return self.columns.complete(self._used)

    def others_of(self, kept=None):
        """(rows, others) of the other columns."""
        return self.columns.matrix(self.others, kept)

    def targets(self, kept=None):
        """(rows,) what the model explains."""
        if not self._by_formula:
            return self.columns.matrix([self._target], kept)[:, 0]
        found = self._design.targets(self._frame(self._model.formula["left"]["columns"]))
        return found if kept is None else found[kept]

    def _frame(self, names):
        from linreg_fast.cli.by_formula import frame_of

        kinds = self._model.formula["kinds"]
        return frame_of(self._source, {name: kinds[name] for name in names}, self.columns)

    def design(self, kept=None):
        """(rows, features) as the model was fitted to, in column-major order."""
        model, columns = self._model, self.columns
        columns.refuse(self._places.values())
        if self._by_formula:
            found = self._design.matrix(self._frame(model.columns))
            return found if kept is None else np.asfortranarray(found[kept])
        rows = columns.rows if kept is None else int(kept.sum())
        X = np.empty((rows, len(model.features)), order="F")
        for name, place in self._places.items():
            levels = model.categories.get(name)
            if levels is None:
                columns.fill(X[:, model.features.index(name)], place, kept)
                continue
            part = np.empty((rows, len(levels) - 1))
            groups.fill(part, columns.cells(place), levels, kept, self._unseen(name, levels))
            for k, feature in enumerate(groups.names_of(name, levels)):
                X[:, model.features.index(feature)] = part[:, k]
        return X

    def _unseen(self, name, levels):
        def words(row, cell):
            return (
                f"{self._source.path}: column {name!r} holds {cell!r} in row {row + 1}, a group "
                f"that the model has not seen: it knows {', '.join(levels[:20])}"
            )

        return words
