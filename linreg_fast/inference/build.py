"""From moments, and where needed one more read of the rows, to an `Inference`."""

import math

import numpy as np

from linreg_fast.inference import checks, covariances
from linreg_fast.inference.choices import check_target
from linreg_fast.inference.fitted import Fitted
from linreg_fast.inference.result import Inference
from linreg_fast.inference.scores import Scores
from linreg_fast.inference.telling import tell

__all__ = ["Fitted", "infer", "no_scores", "of_scores", "terms_of"]


def infer(fitted, choice, target=0, rows=None, groups=None):
    """The `Inference`; rows: (X, Y, weights) that the gate has passed, where they are given."""
    basis = fitted.basis(target, rows)
    checks.check_choice(basis, choice, rows)
    if rows is None:
        return _result(fitted, basis, choice, target, None)
    scores = Scores(basis, choice, target)
    scores.add_checked(*rows, groups, whole=True)
    if not np.isfinite(scores.rss):
        checks.refuse_not_finite(*rows[:2], fitted.names)
    return of_scores(fitted, scores)


def no_scores(fitted, choice, target, gate=None, read=False):
    """`Scores` of no rows yet; an error where the choice does not go with the fit.

    read: see `checks.check_choice`.
    """
    target = check_target(target, len(fitted.targets))
    basis = fitted.basis(target)
    checks.check_choice(basis, choice, None, read)
    return Scores(basis, choice, target, gate)


def of_scores(fitted, scores):
    """The `Inference` of scores of all rows of the fit."""
    basis = scores.basis
    checks.check_scores(basis, scores)
    return _result(fitted, basis, scores.choice, scores.target, scores)


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
    meat, lost, df, groups, most = covariances.of(basis, choice, scores, n, rss)
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
        terms_of(fitted, len(lead)),
        fitted.reader,
    )
    tell(result, scores, rows_given=scores is not None)
    return result


def terms_of(fitted, first):
    """((name, places among the parameters), ...) of each term."""
    terms = fitted.terms
    if terms is None:
        terms = [(name, [place]) for place, name in enumerate(fitted.names)]
    return tuple((name, tuple(first + place for place in places)) for name, places in terms)
