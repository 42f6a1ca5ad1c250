"""What predict and score share: a model, and a table's columns as the model wants them."""

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
    """The rows of a table that a model is applied to."""

    def __init__(self, source, model, others=(), texts=(), missing="keep"):
        self._model, self._source = model, source
        self._places = {name: find(source, name) for name in model.columns}
        self.others = [find(source, name) for name in others]
        grouped = [self._places[name] for name in model.categories]
        numbers = [place for name, place in self._places.items() if name not in model.categories]
        self.columns = Collector(
            source,
            [*numbers, *self.others],
            texts=[find(source, name) for name in texts],
            grouped=grouped,
            missing=missing,
        ).read()

    def complete(self):
        """(rows,) of bool: those without a gap; None if all are."""
        return self.columns.complete([*self._places.values(), *self.others])

    def design(self, kept=None):
        """(rows, features) as the model was fitted to, in column-major order."""
        model, columns = self._model, self.columns
        columns.refuse(self._places.values())
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
