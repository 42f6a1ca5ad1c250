"""What predict, score and diagnose share: a model, and a table's columns as it wants them."""

import warnings

import numpy as np

from linreg_fast.cli.model_file import Model
from linreg_fast.cli.tables import options_of_text
from linreg_fast.sources import groups
from linreg_fast.sources.categories import Categories, note
from linreg_fast.sources.coded import CodedStream, Plain
from linreg_fast.sources.collect import Collector
from linreg_fast.sources.names import counted, find


def load(options):
    try:
        return Model.load(options.model)
    except ValueError as error:
        raise ValueError(f"{error} (MODEL, which fit --out wrote, comes before DATA)") from None


class Applied:
    """The rows of a table that a model is applied to.

    others: names of columns of numbers besides. target: whether that of the model is needed, too.
    """

    def __init__(
        self, source, model, others=(), texts=(), missing="keep", target=False, unseen="error"
    ):
        self._model, self._source = model, source
        self._by_formula = model.formula is not None
        self._design = model.design(unseen) if self._by_formula else None
        self.unseen, self.levels_unseen = unseen, {}
        if self._by_formula:
            self.levels_unseen = self._design.levels_unseen
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
        return self._design.targets(self._frame(self._model.formula["left"]["columns"], kept))

    def _frame(self, names, kept):
        """Of the rows kept, whose messages have their places in the table."""
        from linreg_fast.cli.by_formula import frame_of

        kinds = self._model.formula["kinds"]
        self._design.number_rows(None if kept is None else np.flatnonzero(kept) + 1)
        return frame_of(self._source, {name: kinds[name] for name in names}, self.columns, kept)

    def design(self, kept=None):
        """(rows, features) as the model was fitted to, in column-major order."""
        model, columns = self._model, self.columns
        columns.refuse(self._places.values())
        if self._by_formula:
            return self._design.matrix(self._frame(model.columns, kept))
        rows = columns.rows if kept is None else int(kept.sum())
        X = np.empty((rows, len(model.features)), order="F")
        for name, place in self._places.items():
            levels = model.categories.get(name)
            if levels is None:
                columns.fill(X[:, model.features.index(name)], place, kept)
                continue
            part = np.empty((rows, len(levels) - 1))
            lost = groups.fill(part, columns.cells(place), levels, kept)
            if lost:
                row = lost[0][0] if kept is None else int(np.flatnonzero(kept)[lost[0][0]])
                note(self, name, levels, lost, f"{self._source.path}, row {row + 1}")
            for k, feature in enumerate(groups.names_of(name, levels)):
                X[:, model.features.index(feature)] = part[:, k]
        return X


def coder_of(model, unseen="error", target=False):
    """The coder of a model's features, see `sources.coded`; target: and of what it explains."""
    if model.formula is not None:
        from linreg_fast.estimators.formula_streams import FormulaCoder

        design, kinds = model.design(unseen), model.formula["kinds"]
        names = [*(design.left.columns if target else ()), *design.columns]
        return FormulaCoder(design, {name: kinds[name] for name in names})
    explained = model.target if target else None
    if not model.categories:
        return Plain(model.features, explained)
    parts = {
        part: n for n, levels in model.categories.items() for part in groups.names_of(n, levels)
    }
    names = list(dict.fromkeys(parts.get(name, name) for name in model.features))
    found = Categories([(name, model.categories.get(name)) for name in names], explained, unseen)
    if found.names != model.features:
        raise ValueError("malformed file: the columns of its groups do not stand together")
    return found


def stream_of(options, model, weights=None, places=False):
    """The `CodedStream` of the rows of files that a model explains, with their places if asked."""
    from linreg_fast.sources.recognise import closed_on_failure, pieces_of

    pieces = pieces_of(options.data, options_of_text(options))
    with closed_on_failure(pieces):
        return CodedStream(pieces, coder_of(model, target=True), weights, places=places)


def tell_unseen(applied):
    """Warn of rows whose line is empty for a level that the model has not seen."""
    for name, counts in applied.levels_unseen.items():
        shown = ", ".join(f"{level!r} ({number})" for level, number in list(counts.items())[:10])
        more = f" and {len(counts) - 10} more" if len(counts) > 10 else ""
        number = sum(counts.values())
        warnings.warn(
            f"column {name!r}: {counted(number, 'row')} with groups that the model has not seen, "
            f"whose line is empty: {shown}{more}",
            stacklevel=2,
        )
