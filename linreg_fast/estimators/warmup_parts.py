"""What `warmup` can compile beside fits of arrays: each part is the work itself, on small data."""

import numpy as np

from linreg_fast.data.gate import frozen
from linreg_fast.data.problem import Problem
from linreg_fast.data.t_tail import two_sided
from linreg_fast.estimators.gradient_descent import GradientDescentRegressor
from linreg_fast.estimators.linear_regression import LinearRegression
from linreg_fast.functional.sums import moments
from linreg_fast.kernels import RUNGS
from linreg_fast.kernels.arithmetic.columns import Columns
from linreg_fast.kernels.steps.predict import predict
from linreg_fast.kernels.tuning import MANY_TARGETS
from linreg_fast.many_fits.groups import fit_groups
from linreg_fast.many_fits.ridge import ridge_path
from linreg_fast.many_fits.screening import screen
from linreg_fast.many_fits.targets import fit_targets
from linreg_fast.many_fits.validation import cross_validate
from linreg_fast.many_fits.windows import fit_ewm, fit_expanding, fit_rolling
from linreg_fast.solvers import auto

METHODS = ("gd", "momentum", "nesterov", "sgd", "cg")
FRAME_ROWS, FRAME_COLUMNS = 40_000, (4, 20)  # beyond small frames, which become arrays


def frames(X, y, weights):
    """Columns that stand apart, as those of polars and Arrow do, whatever their order."""
    for p in FRAME_COLUMNS:
        columns = [np.resize(X[:, j % X.shape[1]], FRAME_ROWS) + X.dtype.type(j) for j in range(p)]
        for j in range(p):
            columns[j][j::p] *= 2  # so that they differ
        Y, of = frozen(np.resize(y, (FRAME_ROWS, 1))), weights
        if weights is not None:
            of = frozen(np.resize(weights, FRAME_ROWS))
        for difference in (1, 1e-3):
            columns[1] = columns[0] + X.dtype.type(difference) * columns[1]
            table = Columns(columns)
            for rung in (None, RUNGS["compensated"]):
                problem = Problem(table, Y, of, rung=rung, may_be_float32=rung is None)
                found = auto.solve(problem)
        predict(table, np.ascontiguousarray(found.coef.T), found.intercept)


def inference(X, y, weights):
    model = LinearRegression().fit(X, y, weights)
    groups = np.arange(len(X)) // 10
    labels = groups + 0.5  # which are hashed
    clusters = ({"groups": each} for each in (groups, groups[::-1] % 7, labels))
    for options in ({"cov": "HC3"}, *clusters, {"lags": 2}):
        if weights is None or "lags" not in options:
            model.inference(X, y, weights, **options)
    model.inference().predict(X)
    model.influence(X, y, weights)
    model.diagnostics(X, y, weights)


def descents(X, y, weights):
    for method in METHODS:
        for space in ("data", "gram"):
            GradientDescentRegressor(method=method, space=space, tol=1e-3).fit(X, y, weights)
    GradientDescentRegressor(method="sgd").partial_fit(X, y, weights)


def many_fits(X, y, weights):
    keys = np.arange(len(X)) // 20
    fit_groups(X, y, keys, sample_weight=weights)
    fit_rolling(X, y, 50, sample_weight=weights)
    fit_expanding(X, y, sample_weight=weights)
    fit_ewm(X, y, 20, sample_weight=weights)
    cross_validate(X, y, 3, [0.0, 1.0], sample_weight=weights)
    cross_validate(X, y, len(X), sample_weight=weights)
    ridge_path(X, y, [1.0], sample_weight=weights)
    for intercept in (True, False):
        Y = y[:, None] + np.outer(X[:, 0], np.arange(MANY_TARGETS + 6, dtype=X.dtype))
        fits = fit_targets(X, Y, sample_weight=weights, fit_intercept=intercept)
        two_sided(np.abs(fits.t_values), len(X) - X.shape[1] - 1)
    screen(X, y, sample_weight=weights)
    screen(X[:, 1:], y, X[:, :1], sample_weight=weights)


def sources(X, y, weights):
    rows = (X, y) if weights is None else (X, y, weights)
    LinearRegression().fit(iter([rows])).partial_fit(*rows)
    moments(iter([rows]))
