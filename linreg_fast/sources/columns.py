"""Columns of many pieces: which are asked for, whether every piece has them, and their rows."""

from typing import Any, NamedTuple

import numpy as np

from linreg_fast.data.gate import listed
from linreg_fast.sources.arrow_files import plain
from linreg_fast.sources.cells import why_text
from linreg_fast.sources.doors import advice
from linreg_fast.sources.names import NO_NAME, composed, find
from linreg_fast.sources.pieces import Piece, Pieces
from linreg_fast.sources.recognise import closed_on_failure, pieces_of


class Chunk(NamedTuple):
    """Some rows: features, targets and, last, weights if there are any."""

    columns: list[np.ndarray]  # (rows,) each; NaN where a value is missing
    where: Any  # row -> where it stands, in words
    wide: dict[int, tuple[int, int]]  # column -> range of integers that floats do not hold
    gap: Any = None  # row -> the column of the table whose gap it has, where features are made


def places_in(piece, names):
    """Where columns of numbers stand in a piece; a ValueError for others, naming the piece."""
    places = [find(piece, name) for name in names]
    for name, place in zip(names, places, strict=True):
        kind = piece.columns[place].kind
        if kind not in ("number", "empty"):
            where = piece.first_text(place)
            raise ValueError(
                f"{piece.path}{where}: column {name!r} holds {plain(kind)}, not numbers: encode it "
                "as numbers, or leave it out ("
                + advice("--exclude does; --features", "features=[...]")
                + " names those to use)"
            )
    return places


def refuse_text(piece, places, names, batch):
    """Raise for text among the numbers of a text table, naming where it stands."""
    for place, (row, cell) in batch.faults.items():
        raise ValueError(
            f"{piece.path}, {batch.where(row)}: column {names[places.index(place)]!r} holds text "
            f"({cell[:40]!r}), not a number: {why_text(cell)}"
        )


class Stream(Pieces):
    """What streams of the rows of tables have in common."""

    n_targets, one_target, n_beside, dtype = 1, True, 0, np.dtype(np.float64)
    names: list[str]
    n_features: int

    @property
    def feature_names(self):
        return self.names[: self.n_features]


class TableStream(Stream):
    """The rows of a source of tables; its schemas have all been looked at.

    Attributes
    ----------
    names : list of str
        Of the features, then the target and the weights.
    n_features, n_targets, weighted
    files, rows : int
        Tables, and rows where all of them tell; else None.
    """

    def __init__(self, given, target, weight=None, features=None, options=None):
        if not isinstance(target, str):
            raise ValueError(
                "y must be the name of a column of the source, a string, got "
                f"{_kind(target)}: (source, 'price')"
            )
        if weight is not None and not isinstance(weight, str):
            raise ValueError(
                "sample_weight must be the name of a column of the source, a string, got "
                f"{_kind(weight)}"
            )
        looked_at = isinstance(given, list) and given and isinstance(given[0], Piece)
        super().__init__(given if looked_at else pieces_of(given, options))
        with closed_on_failure(self.pieces):
            features = self._features(features, target, weight)
            self.names = [*features, target, *([] if weight is None else [weight])]
            self._places = [places_in(piece, self.names) for piece in self.pieces]
        self.n_features, self.weighted = len(features), weight is not None

    def _features(self, features, target, weight):
        taken = [target] if weight is None else [target, weight]
        if target == weight:
            raise ValueError(f"{target!r} is the target and the weights too")
        if features is None:
            first = self.pieces[0]
            if not first.columns:
                raise ValueError(f"{first.path} has no columns: nothing to fit")
            wanted = [composed(name) for name in taken]
            names = [column.name for column in first.columns]
            names = [n for n in names if composed(n) not in wanted and not NO_NAME.fullmatch(n)]
            if not names:
                for name in taken:
                    find(first, name)
                raise ValueError(f"{first.path} has no columns to explain {target!r} by")
            return names
        if isinstance(features, str):
            raise ValueError(f"features must be a list of names, got {features!r}")
        names = list(features)
        if not names or not all(isinstance(name, str) for name in names):
            raise ValueError(f"features must be a list of names, at least one; got {names!r}")
        if len(set(names)) != len(names):
            raise ValueError(f"features name a column twice: {listed(names)}")
        for name in taken:
            if name in names:
                raise ValueError(f"{name!r} is among the features, and the target or weights too")
        return names

    def chunks(self):
        for piece, places in zip(self.pieces, self._places, strict=True):
            for batch in piece.batches(list(places)):
                if not batch.rows:
                    continue
                refuse_text(piece, places, self.names, batch)
                wide = {k: batch.wide[p] for k, p in enumerate(places) if p in batch.wide}
                columns = [batch.numbers[place] for place in places]
                yield Chunk(columns, placed(piece.path, batch.where), of_whole_numbers(wide))


def placed(prefix, where):
    """row -> where it stands, with the name of its table."""
    return lambda row: f"{prefix}, {where(row)}"


def of_whole_numbers(wide):
    """Those of these ranges of which a fit warns: decimals are rounded anyway."""
    return {key: ends for key, ends in wide.items() if getattr(ends, "whole", True)}


def below(of_row, start):
    """A function of a row, for rows counted from `start` on."""
    return lambda row: of_row(start + row)


def _kind(value):
    return repr(value) if isinstance(value, (int, float, str)) else f"a {type(value).__name__}"
