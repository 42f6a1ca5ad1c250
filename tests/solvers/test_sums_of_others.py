"""Columns of whole numbers that are sums of others: found, proved, and solved by plain sums."""

import warnings
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from linreg_fast import LinearRegression
from linreg_fast.estimators.errors import LostDigitsWarning

N, UNIT = 20_000, 2.0**-10  # all numbers are multiples of UNIT: int64 holds their products


def rounded(numbers):
    return np.rint(numbers / UNIT) * UNIT


def levels(rng, n, k):
    """Dummies of all levels of a factor."""
    return np.eye(k)[rng.integers(0, k, n)]


def two_factors(rng, n=N):
    return np.hstack([rounded(rng.normal(5, 2, (n, 4))), levels(rng, n, 6), levels(rng, n, 9)])


def target(rng, X):
    return rounded(X @ rng.normal(size=X.shape[1]) + rng.normal(size=len(X)))


def shortest(X, y, intercept):
    """(rank, the shortest coefficients (p,)) in exact arithmetic."""
    Z = np.rint(np.column_stack([X, y]) / UNIT).astype(np.int64)
    n, p, sums = len(Z), X.shape[1], Z.sum(axis=0).tolist()
    rows = [[Fraction(n * v) for v in row] for row in (Z.T @ Z).tolist()[:p]]
    if intercept:
        rows = [
            [v - a * b for v, b in zip(row, sums, strict=True)]
            for row, a in zip(rows, sums[:p], strict=True)
        ]
    pivots = eliminate(rows, p)
    free = [j for j in range(p) if j not in pivots]
    coef = [Fraction(0)] * p
    null = [[Fraction(int(j == k)) for j in range(p)] for k in free]
    for row, pivot in zip(rows, pivots, strict=False):
        coef[pivot] = row[p]
        for direction, k in zip(null, free, strict=True):
            direction[pivot] = -row[k]
    normal = [[dot(a, b) for b in [*null, coef]] for a in null]
    eliminate(normal, len(null))
    for direction, row in zip(null, normal, strict=True):
        coef = [c - row[-1] * d for c, d in zip(coef, direction, strict=True)]
    return len(pivots), np.array([float(c) for c in coef])


def dot(a, b):
    return sum(x * y for x, y in zip(a, b, strict=True))


def eliminate(rows, p):
    """Gauss and Jordan, in place: the columns of the pivots, those of the first rows."""
    pivots = []
    for column in range(p):
        at = len(pivots)
        place = next((i for i in range(at, len(rows)) if rows[i][column]), None)
        if place is None:
            continue
        rows[at], rows[place] = rows[place], rows[at]
        rows[at] = [v / rows[at][column] for v in rows[at]]
        for i, row in enumerate(rows):
            if i != at and row[column]:
                times = row[column]
                rows[i] = [v - times * w for v, w in zip(row, rows[at], strict=True)]
        pivots.append(column)
    return pivots


def check(model, X, y, aside, intercept=True):
    assert f"{aside} of the columns are sums of others" in model.solver_reason_
    for k, of in enumerate(y.reshape(len(y), -1).T):
        rank, coef = shortest(X, of, intercept)
        assert model.rank_ == rank == X.shape[1] - aside
        found = np.atleast_2d(model.coef_)[k]
        np.testing.assert_allclose(found, coef, rtol=0, atol=1e-14 * np.abs(coef).max())
        if intercept:
            constant = float(of.mean() - X.mean(axis=0) @ coef)
            size = np.abs(X.mean(axis=0)) @ np.abs(coef)
            assert abs(np.atleast_1d(model.intercept_)[k] - constant) <= 1e-14 * size


@pytest.mark.parametrize("layout", ["C", "F", "frame", "targets"])
def test_all_dummies_of_two_factors(rng, layout):
    X = two_factors(rng)
    y = (
        np.stack([target(rng, X), target(rng, X)], axis=1)
        if layout == "targets"
        else target(rng, X)
    )
    given = {"F": np.asfortranarray, "frame": pd.DataFrame}.get(layout, np.array)(X)
    model = LinearRegression().fit(given, y)
    check(model, X, y, 2)
    assert (model.singular_[-2:] == 0).all()
    assert model.singular_[-3] > 1
    assert model.condition_number_ == np.inf


def test_without_an_intercept(rng):
    """Both factors add up to one, so that they depend on each other only."""
    X = two_factors(rng)
    y = target(rng, X)
    model = LinearRegression(fit_intercept=False).fit(X, y)
    check(model, X, y, 1, intercept=False)
    alone = X[:, :10]  # one factor, which is the intercept
    assert LinearRegression(fit_intercept=False).fit(alone, y).rank_ == 10


def test_totals_nested_factors_rare_levels_and_duplicates(rng):
    counts = rng.integers(0, 50, (N, 3)).astype(float)
    towns = levels(rng, N, 6)
    regions = np.stack([towns[:, :2].sum(axis=1), towns[:, 2:].sum(axis=1)], axis=1)
    rare = np.zeros((N, 2))
    rare[:, 0] = 1
    rare[[7, 4001, 9013], :] = [0, 1]  # the sample of the rows has none of them
    X = np.hstack([counts, counts.sum(axis=1)[:, None], towns, regions, rare, counts[:, :1]])
    y = target(rng, X)
    model = LinearRegression().fit(X, y)
    check(model, X, y, 6)


def test_refined_where_the_others_are_correlated(rng):
    X = np.hstack([rounded(rng.normal(size=(N, 4))), levels(rng, N, 12)])
    X[:, 1] = X[:, 0] + rounded(X[:, 1] / 300)
    y = target(rng, X)
    model = LinearRegression().fit(X, y)
    assert "refined in" in model.solver_reason_
    check(model, X, y, 1)


@pytest.mark.parametrize("broken", ["one row", "a fraction", "fractions", "large"])
def test_what_only_seems_to_depend_is_left_to_double_double(rng, broken):
    X = two_factors(rng)[:, :10]
    place, dependent = rng.integers(N), broken in ("fractions", "large")
    if broken == "one row":  # of two levels, so nearly the same as the others that 1e-8 tells
        X[:, 4:10] *= 2.0**20
        X[place, 4:6] += 1
    elif broken == "a fraction":
        X[place, 4] += 2.0**-10
    elif broken == "fractions":  # which add up to one but for their rounding
        X[:, 4:10] = rng.dirichlet(np.ones(6), N)
    else:
        X[:, 4:10] *= 2.0**40
    y = X @ rng.normal(size=10) + rng.normal(size=N)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LostDigitsWarning)
        model = LinearRegression().fit(X, y)
    assert "sums of others" not in model.solver_reason_
    assert model.rank_ == 10 - dependent


def test_gaps_are_named_and_weights_are_left_to_double_double(rng):
    X = two_factors(rng)
    y = target(rng, X)
    weighted = LinearRegression().fit(X, y, rng.random(N))
    assert weighted.rank_ == X.shape[1] - 2
    X[123, 6] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        LinearRegression().fit(X, y)
