"""One warning for each number that is not defined, or has lost digits: which, and why."""

import math
import sys
import warnings

import numpy as np

from linreg_fast.inference.choices import InferenceWarning
from linreg_fast.kernels.arithmetic.rounding import EPSILON
from linreg_fast.kernels.second_pass import meat as hc

DIGITS, FLOAT32_NOISE, FLOAT32_DIGITS = 8, 1e-10, 4  # of rss, below which plain sums are told of
VANISHING = 1e-10  # of the classical errors: at 3000 x 5 rounding left 1e-15 of them
PERFECT = (8 * EPSILON) ** 2  # of the target's squares: residuals that are rounding


def tell(result, scores, rows_given):
    """One warning for each thing that is not defined."""
    basis, choice = result.basis, result.choice
    if result.df_resid <= 0:
        warn(
            f"{result.n_samples} rows for {basis.rank} parameters leave no degrees of freedom: "
            "standard errors, t, p and F are nan"
        )
        return
    if basis.noise and not rows_given:
        digits = max(0, int(-math.log10(min(basis.noise, 1.0))))
        few = FLOAT32_DIGITS if _is_float32(basis) else DIGITS
        if digits < few:
            warn(
                f"the plain sums of this fit leave about {digits} digits in the sum of squared "
                "residuals: pass X and y to inference(), or fit with precision='double-double'"
            )
    if 0 <= result.rss <= PERFECT * (basis.tss + basis.weight_sum * basis.target_mean[0] ** 2):
        warn("the fit is perfect to rounding: standard errors and p say nothing")
    undetermined = ~basis.estimable(np.eye(len(result.names)))
    if undetermined.any():
        warn(
            f"{_named(result, undetermined)}: not determined by the data, since columns depend on "
            "each other; their standard errors are nan"
        )
    lost = result._lost(basis.root)
    if lost.any():
        where = (
            f"row {scores.first_lost} (of {int(scores.sums[hc.LOST])}) has leverage 1"
            if scores is not None and scores.sums[hc.LOST]
            else "a cluster alone decides them"
        )
        warn(f"{_named(result, lost)}: {where}, so that {choice.cov} is not determined: nan")
    if choice.cov != "classical" and result.rss > 0:
        classical = result.sigma * np.linalg.norm(basis.root, axis=1)
        vanishing = (result.se <= VANISHING * classical) & (classical > 0)
        if vanishing.any():
            each = "cluster" if result.groups else "row"
            warn(
                f"{_named(result, vanishing)}: {choice.cov} errors are zero but for rounding, "
                f"since what each {each} adds to them is zero, as with a coefficient for each "
                f"{each}: their t and p say nothing"
            )
    negative = np.isnan(result.se) & ~lost & ~undetermined
    if negative.any() and np.isfinite(result.meat).all():
        warn(
            f"{_named(result, negative)}: the {choice.cov} variance is negative, since the matrix "
            "is not positive semidefinite: nan. psd=True sets negative eigenvalues to 0, and "
            "two_way='each' has other factors for few clusters"
        )
    elif _has_no_f(result) and not lost.any():
        warn(
            f"F of all slopes is nan, since their two-way {choice.cov} matrix is not positive "
            "definite: two_way='each', with other factors for few clusters, or psd=True, which "
            "sets negative eigenvalues to 0, may give one; tests of few coefficients stand"
        )


def _has_no_f(result):
    """Whether two-way clusters, of which there are enough, leave F without an inverse."""
    enough = len(result.groups) == 2 and 0 < result.df_model <= result.largest_rank
    return enough and result.rss > 0 and result.tss > 0 and math.isnan(result.f)


def _is_float32(basis):
    return basis.noise * (basis.rss / basis.tss if basis.tss > 0 else 0.0) > FLOAT32_NOISE


def _named(result, which):
    names = [name for name, yes in zip(result.names, which, strict=True) if yes]
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return ", ".join(names[:6]) + more


def warn(message):
    """Warn at the caller's line, however many of our frames lie above it.

    Their number is not fixed: a comprehension has a frame of its own before Python 3.12.
    """
    level, frame = 1, sys._getframe()
    while frame.f_back and frame.f_globals.get("__name__", "").startswith("linreg_fast."):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, InferenceWarning, stacklevel=level)
