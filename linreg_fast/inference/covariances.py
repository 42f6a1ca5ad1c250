"""The covariance that was chosen, in orthonormal coordinates, from the sums that it needs."""

import numpy as np

from linreg_fast.inference.groups import refuse_one_cluster
from linreg_fast.kernels.second_pass import meat as hc


def of(basis, choice, scores, n, rss):
    """(the covariance in coordinates, lost directions or None, df, groups, its largest rank)."""
    k = basis.rank
    freedom = n - k
    if freedom <= 0:
        return np.full((k, k), np.nan), None, 0, (), k
    if choice.cov == "classical":
        return np.eye(k) * (rss / freedom), None, freedom, (), k
    if rss == 0:  # what is left of the residuals is rounding
        return np.zeros((k, k)), None, freedom, (), k
    if choice.clustered:
        return _clustered(choice, scores, n, freedom)
    if choice.cov == "HAC":
        meat = scores.lagged.meat * (n / freedom if choice.small_sample else 1.0)
        return meat, None, freedom, (), k
    meat = scores.meat * (n / freedom if choice.cov == "HC1" else 1.0)
    return meat, scores.lost if scores.sums[hc.LOST] else None, freedom, (), k


def _clustered(choice, scores, n, freedom):
    counts = [sums.count for sums in scores.grouped]
    names = scores.group_names
    for count, name in zip(counts[:2] if len(counts) == 3 else counts, names, strict=True):
        if count < 2:
            refuse_one_cluster(name, count)
    least = min(counts[:2])
    meat, lost = 0.0, 0.0
    for sums, count, sign in zip(scores.grouped, counts, (1, 1, -1), strict=False):
        of = least if choice.two_way == "min" and len(counts) == 3 else count
        factor = of / (of - 1) if choice.cov in ("CR1", "CR1S") else 1.0
        factor *= (n - 1) / freedom if choice.cov == "CR1S" else 1.0
        part, gone = sums.meat()
        meat, lost = meat + sign * factor * part, lost + gone
    if choice.psd and len(counts) == 3:
        values, vectors = np.linalg.eigh(meat)
        meat = (vectors * np.maximum(values, 0)) @ vectors.T
    groups = tuple(zip(names, counts[: len(names)], strict=True))
    most = sum(counts[:2]) if len(counts) == 3 else counts[0]
    return meat, lost if np.any(lost) else None, least - 1, groups, most
