"""The partitions of a Dask dataframe that are the rows of a fit."""

import functools

import numpy as np

from linreg_fast.data.gate import is_dask
from linreg_fast.estimators.dask_rows import check_targets, in_place, of_rows, picked
from linreg_fast.estimators.from_dask import left_out
from linreg_fast.sources import dask_blocks
from linreg_fast.sources.dask_collections import reduced


class FrameBlocks:
    """Partitions of one Dask dataframe with all columns that are needed."""

    starts = None

    def __init__(self, model, X, y, weights, groups):
        beside = {}

        def names_of(given, what):
            if isinstance(given, str):
                if given not in list(X.columns):
                    raise ValueError(f"X has no column {given!r}, which {what} names")
                return [given]
            if not is_dask(given):
                raise ValueError(
                    f"{what} is a {type(given).__name__} in memory, and the lengths of a Dask "
                    "dataframe's partitions are not known: make it a column of the frame"
                )
            if given.ndim == 2:
                return [name for each in given.columns for name in names_of(given[each], what)]
            beside[f"_linreg_fast_{len(beside)}"] = given
            return list(beside)[-1:]

        targets = [n for each in (y if isinstance(y, list) else [y]) for n in names_of(each, "y")]
        groups = [name for each in groups for name in names_of(each, "groups")]
        weight = number = None
        if isinstance(weights, (int, float, np.number)):
            number = float(weights)
        elif weights is not None:
            weight, *others = names_of(weights, "sample_weight")
            if others:
                raise ValueError(f"sample_weight has {1 + len(others)} columns: one is needed")
        names = getattr(model, "feature_names_in_", None)
        if names is None:
            names = [name for name in X.columns if name not in {*targets, weight, *groups}]
        names = list(names)
        if len(names) != model.n_features_in_:
            raise ValueError(f"X has {len(names)} features, and the fit had {model.n_features_in_}")
        picked(X, names)
        check_targets(model, len(targets))
        frame = X.assign(**beside) if beside else X
        used = [*names, *targets, *([] if weight is None else [weight]), *groups]
        self.frame = frame[list(dict.fromkeys(used))]
        self.drop = left_out(model)
        self._columns = names, targets, weight if number is None else number, groups

    def _mapped(self, function, meta):
        import dask.dataframe as dd

        function = functools.partial(
            _of_frame, function=function, columns=self._columns, drop=self.drop
        )
        return dd.map_partitions(function, self.frame, meta=meta, enforce_metadata=False)

    def reduced(self, use, merge, when):
        """As `ArrayBlocks.reduced`."""
        leaves = self._mapped(functools.partial(_boxed, use=use), dask_blocks.BLOCKS)
        return reduced(leaves, None, merge, when)

    def table(self, use, names):
        """A lazy frame with these columns and the index of X: NaN in rows left out."""
        pick = functools.partial(_as_frame, use=use, names=names)
        meta = self.frame._meta[[]].assign(**dict.fromkeys(names, 0.0)).astype(np.float64)
        return self._mapped(pick, meta)


# What follows runs in the workers.


def _of_frame(frame, function, columns, drop, partition_info=None):
    names, targets, weight, groups = columns
    with dask_blocks.naming(0 if partition_info is None else partition_info["number"]):
        X, Y = dask_blocks.as_array(frame[names], {}), dask_blocks.as_array(frame[targets], {})
        if isinstance(weight, float):
            weights = np.full(len(X), weight)
        else:
            weights = None if weight is None else dask_blocks.as_array(frame[weight], {})
        beside = {name: frame[name].reset_index(drop=True) for name in groups} or None
        return of_rows(function, X, Y, weights, beside, drop, frame, names)


def _boxed(*rows, use):
    box = np.empty(1, object)  # Dask takes what it gets here for an array
    box[0] = use(*rows)
    return box


def _as_frame(X, Y, weights, groups, kept, whole, use, names):
    found = in_place(X, Y, weights, groups, kept, whole, use, len(names))
    return whole._constructor(found, index=whole.index, columns=list(names))
