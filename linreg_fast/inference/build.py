"""From moments, and where needed one more read of the rows, to an `Inference`."""

import math
import warnings

import numpy as np

from linreg_fast.data.gate import check_finite
from linreg_fast.data.moments import Moments
from linreg_fast.inference.basis import Basis
from linreg_fast.inference.choices import InferenceWarning
from linreg_fast.inference.result import Inference
from linreg_fast.inference.scores import Scores
from linreg_fast.kernels import RUNGS
from linreg_fast.kernels.arithmetic.rounding import EPSILON
from linreg_fast.kernels.second_pass import meat as hc

DIGITS, FLOAT32_NOISE, FLOAT32_DIGITS = 8, 1e-10, 4  # of rss, below which plain sums are told of
SHARPER = 1e-12  # relative error of rss from which on rows that are given are summed again
SUMS_TO_ZERO = 1e-6  # of the root of rss: the sum of the scores
NOT_THE_ROWS = (
    "these are not the rows of the fit: residuals times columns do not sum to 0. Pass X, y "
    "and sample_weight as they were when it was fitted"
)
PERFECT = (8 * EPSILON) ** 2  # of the target's squares: residuals that are rounding


class Fitted:
    """What a fit says of itself: moments, intercept, rank, coefficients (t, p), names."""

    def __init__(self, moments, fit_intercept, rank, coef, names, targets):
        self.moments, self.fit_intercept, self.rank = moments, fit_intercept, rank
        self.coef, self.names, self.targets = coef, names, targets

    def basis(self, target, rows=None):
        """The `Basis` of a target; where plain sums lack digits, of sums in double-double."""
        full = self.rank >= self.moments.n_features
        coef = None if full else self.coef[target]
        found = Basis.of(self.moments, self.fit_intercept, self.rank, coef, target)
        lacks = not self.moments.doubled and not found.noise < SHARPER
        if lacks and rows is not None:
            sharper = Moments.of(*rows, RUNGS["compensated"])
            if sharper.n_samples == self.moments.n_samples:
                found = Basis.of(sharper, self.fit_intercept, self.rank, coef, target)
        return found


def infer(fitted, choice, target=0, rows=None, groups=None):
    """The `Inference`; rows: (X, Y, weights) that the gate has passed, where they are given."""
    basis = fitted.basis(target, rows)
    check_choice(basis, choice, rows)
    if rows is None:
        return _result(fitted, basis, choice, target, None)
    scores = Scores(basis, choice, target)
    scores.add_checked(*rows, groups)
    if not np.isfinite(scores.rss):
        refuse_not_finite(*rows[:2], fitted.names)
    return of_scores(fitted, scores)


def of_scores(fitted, scores):
    """The `Inference` of scores of all rows of the fit."""
    basis = scores.basis
    _check_rows(basis, scores)
    return _result(fitted, basis, scores.choice, scores.target, scores)


def check_choice(basis, choice, rows):
    if choice.cov == "HAC" and choice.lags >= basis.n_samples:
        raise ValueError(f"lags={choice.lags} is not below the {basis.n_samples} rows of the fit")
    if choice.repeated and basis.weight_sum != round(basis.weight_sum):
        raise ValueError(
            f"frequency weights count rows and must be whole: they add up to {basis.weight_sum:.9g}"
        )
    if rows is not None:
        check_counts(basis, rows)


def check_counts(basis, rows):
    """Raise for other rows (X, Y, weights) than the fit had, by their number."""
    n = len(rows[1]) if rows[2] is None else int(np.count_nonzero(rows[2]))
    if n != basis.n_samples:
        raise ValueError(
            f"these are not the rows of the fit: it had {basis.n_samples} of weight above 0, and "
            f"here are {n}"
        )


def check_residuals(basis, residuals, weights, rows, names, leverage=None):
    """The weighted sum of squares of residuals (n,), which must be that of the fit."""
    X, Y, _ = rows
    with np.errstate(over="ignore", invalid="ignore"):
        rss = float(residuals @ (residuals if weights is None else residuals * weights))
    if not np.isfinite(rss):
        refuse_not_finite(X, Y, names)
    rounding = EPSILON * 64 * basis.condition * basis.rank * basis.tss
    rounding += 1e-6 * basis.tss if basis.noise else 0.0
    other = abs(rss - basis.rss) > SUMS_TO_ZERO * basis.rss + rounding
    if other or (leverage is not None and abs(leverage.sum() - basis.rank) > 1e-6 * basis.rank):
        raise ValueError(NOT_THE_ROWS)
    return rss


def refuse_not_finite(X, Y, names=None):
    """Raise for the first number of rows that is NaN or infinite."""
    if isinstance(X, np.ndarray):
        check_finite(X, "X", names)
    check_finite(Y if Y.shape[1] > 1 else Y[:, 0], "y")


def _check_rows(basis, scores):
    """The fitted rows' scores sum to zero, their leverages to the rank."""
    count, weight = int(scores.sums[hc.COUNT]), scores.sums[hc.WEIGHT]
    if count != basis.n_samples:
        raise ValueError(
            f"these are not the rows of the fit: it had {basis.n_samples} of weight above 0, and "
            f"here are {count}"
        )
    if abs(weight - basis.weight_sum) > 1e-9 * basis.weight_sum:
        raise ValueError(
            f"these are not the weights of the fit: they add up to {weight:.9g}, and in the fit to "
            f"{basis.weight_sum:.9g}"
        )
    rounding = EPSILON * 64 * basis.condition * math.sqrt(basis.tss * basis.rank)
    rounding += 1e-6 * math.sqrt(basis.tss) if basis.noise else 0.0
    scale = math.sqrt(max(scores.rss, basis.rss))
    off = float(np.linalg.norm(scores.score))
    trace = float(scores.sums[hc.LEVERAGE])
    other = abs(trace - basis.rank) > 1e-6 * basis.rank  # False where it is not known
    if off > SUMS_TO_ZERO * scale + rounding or other:
        raise ValueError(NOT_THE_ROWS)


def _result(fitted, basis, choice, target, scores):
    rss = basis.rss
    if scores is not None and basis.noise and scores.rss > 0:
        rss = scores.rss
    n = round(basis.weight_sum) if choice.repeated else basis.n_samples
    weighted = basis.weight_sum != basis.n_samples if scores is None else scores.weighted
    if choice.repeated or not weighted:
        log_weights = 0.0
    else:
        log_weights = math.nan if scores is None else scores.log_weights
    meat, lost, df, groups, most = _meat(basis, choice, scores, n, rss)
    lead = ("intercept",) if basis.centred else ()
    result = Inference(
        (*lead, *fitted.names),
        fitted.targets[target],
        basis,
        choice,
        meat,
        n,
        df,
        rss,
        log_weights,
        weighted,
        lost,
        groups,
        most,
    )
    _tell(result, scores, rows_given=scores is not None)
    return result


def _meat(basis, choice, scores, n, rss):
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
            raise ValueError(
                f"clustered errors need at least two clusters: "
                f"groups{f' {name!r}' if name else ''} has {count}"
            )
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


def _tell(result, scores, rows_given):
    """One warning for each thing that is not defined."""
    basis, choice = result.basis, result.choice
    if result.df_resid <= 0:
        _warn(
            f"{result.n_samples} rows for {basis.rank} parameters leave no degrees of freedom: "
            "standard errors, t, p and F are nan"
        )
        return
    if basis.noise and not rows_given:
        digits = max(0, int(-math.log10(min(basis.noise, 1.0))))
        few = FLOAT32_DIGITS if basis_is_float32(basis) else DIGITS
        if digits < few:
            _warn(
                f"the plain sums of this fit leave about {digits} digits in the sum of squared "
                "residuals: pass X and y to inference(), or fit with precision='double-double'"
            )
    if 0 <= result.rss <= PERFECT * (basis.tss + basis.weight_sum * basis.target_mean[0] ** 2):
        _warn("the fit is perfect to rounding: standard errors and p say nothing")
    undetermined = ~basis.estimable(np.eye(len(result.names)))
    if undetermined.any():
        _warn(
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
        _warn(f"{_named(result, lost)}: {where}, so that {choice.cov} is not determined: nan")
    negative = np.isnan(result.se) & ~lost & ~undetermined
    if negative.any() and np.isfinite(result.meat).all():
        _warn(
            f"{_named(result, negative)}: the {choice.cov} variance is negative, since the matrix "
            "is not positive semidefinite: nan. psd=True sets negative eigenvalues to 0"
        )


def basis_is_float32(basis):
    return basis.noise * (basis.rss / basis.tss if basis.tss > 0 else 0.0) > FLOAT32_NOISE


def _named(result, which):
    names = [name for name, yes in zip(result.names, which, strict=True) if yes]
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return ", ".join(names[:6]) + more


def _warn(message):
    warnings.warn(message, InferenceWarning, stacklevel=6)
