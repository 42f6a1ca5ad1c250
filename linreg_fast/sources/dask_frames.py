"""Dask dataframes: the columns of one, or of several that are cut alike, as `Cut`."""

import functools

import numpy as np

from linreg_fast.data.gate import is_dask, listed
from linreg_fast.sources.dask_blocks import BLOCKS, Cut, part_of_frames


def cut_frames(dd, X, y, weight, features, plan):
    """Of a frame X; y and weight are names of its columns, or frames and series beside it."""
    by_name = isinstance(y, str) or (isinstance(y, list) and all(isinstance(n, str) for n in y))
    target = None if not by_name else (y,) if isinstance(y, str) else tuple(y)
    weight_name = weight if isinstance(weight, str) else None
    used = [*(target or ()), *([] if weight_name is None else [weight_name])]
    if features is None:
        features = [name for name in X.columns if name not in used]
    features = [features] if isinstance(features, str) else list(features)
    _check_columns(X, features, used)
    others = [None if by_name else y, None if weight_name else weight]
    others = [_alike(X, each) for each in others if each is not None]
    X = X[[*features, *used]]
    y_meta = X._meta[list(target)] if by_name else others[0]._meta
    n_targets = 1 if y_meta.ndim == 1 else y_meta.shape[1]
    plan = plan._replace(
        features=tuple(features),
        target=f"y ({used[0]!r})" if by_name and n_targets == 1 else "y",
        one_of_many=X.npartitions > 1,
    )
    columns = tuple(features), target, weight_name
    leaves = _leaves(
        dd, [X, *others], functools.partial(part_of_frames, plan=plan, columns=columns)
    )
    narrow = {X._meta[name].dtype for name in features} == {np.dtype(np.float32)}
    return Cut(
        leaves,
        None,
        features,
        len(features),
        n_targets,
        isinstance(y, str) or y_meta.ndim == 1,
        np.dtype(np.float32 if narrow else np.float64),
    )


def _check_columns(X, features, used):
    """Raise for columns that are not there, asked for twice, or hold no numbers."""
    names = list(X.columns)
    if len(set(names)) != len(names):
        twice = listed(sorted({repr(name) for name in names if names.count(name) > 1}))
        raise ValueError(f"X has more than one column of the name {twice}: rename or drop them")
    asked = [*features, *used]
    absent = [repr(name) for name in asked if name not in set(X.columns)]
    if absent:
        raise ValueError(f"X has no column {listed(absent)}: it has {listed(map(repr, X.columns))}")
    twice = sorted({repr(name) for name in asked if asked.count(name) > 1})
    if twice:
        raise ValueError(f"{listed(twice)} is asked for twice, as feature, target or weight")
    if not features:
        raise ValueError("no feature is left: X holds the target and weights only")
    for name in asked:
        kind = X._meta[name].dtype
        if getattr(kind, "kind", "O") not in "biuf":
            raise ValueError(
                f"column {name!r} of X does not hold numbers (dtype {kind}): leave it out with "
                "features=[...], or encode text, dates and categories as numbers first: "
                "LinearRegression.from_formula('y ~ area + C(city)', frame) does"
            )


def _alike(X, other):
    """`other`, partition by partition as X."""
    if not is_dask(other):
        raise ValueError(
            "the lengths of a Dask dataframe's partitions are not known, and y or sample_weight is "
            f"a {type(other).__name__} in memory: make it a column of the frame"
        )
    if other.npartitions != X.npartitions:
        if not (X.known_divisions and other.known_divisions):
            raise ValueError(
                f"X has {X.npartitions} partitions and y or sample_weight {other.npartitions}: "
                "make them columns of one frame, or set_index both"
            )
        other = other.repartition(divisions=X.divisions, force=True)
    return other


def _leaves(dd, frames, leaf):
    """A Dask array of what `leaf` makes of each partition of the frames.

    Dask reads narrow columns in larger pieces, and decides that for each source of columns by
    itself: partition k of one would not be partition k of the other, and it may not even notice.
    So only columns of one source are left to its optimisation.
    """
    if len(frames) == 1 or _of_one_source(frames):
        return dd.map_partitions(leaf, *frames, meta=BLOCKS, enforce_metadata=False)
    import dask
    import dask.array as da

    leaf = dask.delayed(leaf, pure=True)
    partitions = zip(*(each.to_delayed(optimize_graph=False) for each in frames), strict=True)
    made = [
        leaf(*parts, partition_info={"number": number}) for number, parts in enumerate(partitions)
    ]
    return da.concatenate([da.from_delayed(each, shape=(1,), meta=BLOCKS) for each in made])


def _of_one_source(frames):
    """Whether all read the same things, of which Dask then reads all columns together."""
    try:
        roots = [
            {part._name for part in each.expr.walk() if not part.dependencies()} for each in frames
        ]
    except AttributeError:  # another release: they are taken apart, which is slower
        return False
    return all(root == roots[0] for root in roots)
