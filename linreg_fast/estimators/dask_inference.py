"""`inference` and `diagnostics` of Dask collections: summed where the blocks are, and in order.

For `inference` a `Scores` of each block travels: p**2 numbers, and for clusters p numbers for each
cluster that the block has. For `diagnostics` p**4 / 4 numbers travel and, for the quantiles, the
residuals or counts of them.
"""

import functools
import operator

import numpy as np

from linreg_fast.estimators.dask_rows import blocks_of

KEPT = 250_000  # residuals that come to this process, 2 MB; of more, classes are counted


def infer(model, X, y, sample_weight, choice, target, groups):
    """The `Inference` of each target, by one more reading of the rows of the fit.

    target: of which alone; None for all.
    """
    from linreg_fast.inference import build

    fitted = model._fitted(None)
    empty = [build.no_scores(fitted, choice, each, read=True) for each in model._targets(target)]
    blocks = blocks_of(model, X, y, sample_weight, groups)
    use = functools.partial(_scores, empty=empty)
    found = blocks.reduced(use, _added_each, " during inference")
    if not all(np.isfinite(scores.rss) for scores in found):
        raise ValueError("the rows hold numbers that are not finite")
    return [build.of_scores(fitted, scores) for scores in found]


def diagnose(model, X, y, sample_weight, meaning, target):
    """The `Diagnostics` of a fitted model by one more reading of the rows of its fit."""
    from linreg_fast.inference import diagnostics
    from linreg_fast.inference.choices import check_repeated

    check_repeated(meaning, None)
    fitted = model._fitted(None)
    target = model._targets(target or 0)[0]
    basis, when = fitted.basis(target), " during diagnostics"
    empty = diagnostics.residuals_of(basis, target, True, meaning, KEPT)
    blocks = blocks_of(model, X, y, sample_weight)
    found = blocks.reduced(functools.partial(_residuals, empty=empty), _added, when)
    chosen = None
    if found.classes is not None:
        choose = functools.partial(_chosen, empty=empty, codes=found.wanted())
        chosen = blocks.reduced(choose, _added, when)
    return diagnostics.finished(found, chosen=chosen)


def _scores(X, Y, weights, groups, kept, whole, empty):
    """The `Scores` of a block, one for each target."""
    found = tuple(type(each)(each.basis, each.choice, each.target) for each in empty)
    for scores in found if len(X) else ():
        scores.add_checked(X, Y, weights, groups)
    return found


def _residuals(X, Y, weights, groups, kept, whole, empty):
    """The `Residuals` of a block."""
    found = empty.empty()
    if len(X):
        found.add(X, Y, weights)
    return found


def _chosen(X, Y, weights, groups, kept, whole, empty, codes):
    """The `Chosen` of a block."""
    from linreg_fast.inference.residual_sums import Chosen

    if not len(X):
        return Chosen(codes)
    return Chosen.of(codes, *empty.of_rows(X, Y, weights)[:2])


def _added(parts):
    return functools.reduce(operator.add, parts)


def _added_each(parts):
    return tuple(map(_added, zip(*parts, strict=True)))
