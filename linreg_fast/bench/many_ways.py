"""How groups, windows, folds and single columns of (X, y) are fitted: by us, by others, by LAPACK.

Groups are of `PER_GROUP` rows that lie apart, windows of `WINDOW` rows, folds `FOLDS` with fifty
penalties, and single columns those of X.
"""

import itertools

import numpy as np

from linreg_fast.bench.expected import SMALLEST_SHARE, Expected, in_double

PER_GROUP, WINDOW, FOLDS = 50, 250, 5
ALPHAS = tuple(10.0 ** (k / 8 - 3) for k in range(50))
COMPARED = 500  # windows at the most: a fit by LAPACK each


def _sized(*values):
    """`Expected`, each number compared relative to itself or to the largest beside it."""
    sizes = [np.maximum(np.abs(v), SMALLEST_SHARE * np.abs(v).max(initial=0.0)) for v in values]
    return Expected(values, tuple(sizes))


def _lines(X, y, rows):
    """Coefficients and intercepts by LAPACK, of the rows of each fit."""
    found = np.empty((len(rows), X.shape[1] + 1))
    for k, own in enumerate(rows):
        centre, mean = X[own].mean(axis=0), y[own].mean()
        coef = np.linalg.lstsq(X[own] - centre, y[own] - mean, rcond=None)[0]
        found[k, 1:], found[k, 0] = coef, mean - centre @ coef
    return found


def keys_of(n):
    """(n,): so many groups that each has about PER_GROUP rows, which lie apart."""
    return np.arange(n) % max(n // PER_GROUP, 1)


def _slices(n):
    return [slice(g, None, max(n // PER_GROUP, 1)) for g in range(max(n // PER_GROUP, 1))]


@in_double
def expected_groups(X, y):
    return _sized(_lines(X, y, _slices(len(X))))


def groups_ours(X, y):
    from linreg_fast.many_fits.groups import fit_groups

    fits = fit_groups(X, y, keys_of(len(X)))
    return (np.column_stack([fits.intercept, fits.coef]),)


def groups_sklearn(X, y):
    from sklearn.linear_model import LinearRegression

    found = np.empty((max(len(X) // PER_GROUP, 1), X.shape[1] + 1))
    for g, own in enumerate(_slices(len(X))):
        model = LinearRegression().fit(X[own], y[own])
        found[g, 0], found[g, 1:] = model.intercept_, model.coef_
    return (found,)


def groups_polars_ds(X, y):
    import polars
    import polars_ds

    names = [f"x{j}" for j in range(X.shape[1])]
    table = polars.DataFrame(dict(zip(names, X.T, strict=True)))
    table = table.with_columns(y=polars.Series(y), key=polars.Series(keys_of(len(X))))
    line = polars_ds.lin_reg(*names, target="y", add_bias=True).alias("line")
    found = table.group_by("key").agg(line).sort("key")["line"].explode().to_numpy()
    return (np.roll(found.reshape(-1, X.shape[1] + 1), 1, axis=1),)


def window_of(n, p):
    return min(WINDOW, max(n // 2, p + 2))


def compared_windows(n, p):
    """The last rows of some windows, the first and the last among them."""
    ends = np.linspace(window_of(n, p) - 1, n - 1, COMPARED)
    return np.unique(ends.astype(np.int64))


@in_double
def expected_rolling(X, y):
    width = window_of(*X.shape)
    rows = [slice(end - width + 1, end + 1) for end in compared_windows(*X.shape)]
    return _sized(_lines(X, y, rows))


def rolling_ours(X, y):
    from linreg_fast.many_fits.windows import fit_rolling

    fits = fit_rolling(X, y, window_of(*X.shape))
    at = compared_windows(*X.shape)
    return (np.column_stack([fits.intercept[at], fits.coef[at]]),)


def rolling_statsmodels(X, y):
    from statsmodels.regression.rolling import RollingOLS

    design = np.column_stack([np.ones(len(X)), X])
    found = RollingOLS(y, design, window_of(*X.shape)).fit(params_only=True).params
    return (np.asarray(found)[compared_windows(*X.shape)],)


def rolling_sklearn(X, y):
    from sklearn.linear_model import LinearRegression

    width = window_of(*X.shape)
    found = np.full((len(X), X.shape[1] + 1), np.nan)
    for end in range(width - 1, len(X)):
        own = slice(end - width + 1, end + 1)
        model = LinearRegression().fit(X[own], y[own])
        found[end, 0], found[end, 1:] = model.intercept_, model.coef_
    return (found[compared_windows(*X.shape)],)


def _folds(n):
    ends = np.cumsum(np.full(FOLDS, n // FOLDS) + (np.arange(FOLDS) < n % FOLDS))
    return itertools.pairwise([0, *ends.tolist()])


@in_double
def expected_cv(X, y):
    """Mean squared errors by singular values: one factor a fold, for all penalties."""
    losses = np.zeros(len(ALPHAS))
    for start, stop in _folds(len(X)):
        train = np.r_[0:start, stop : len(X)]
        centre, mean = X[train].mean(axis=0), y[train].mean()
        U, values, Vt = np.linalg.svd(X[train] - centre, full_matrices=False)
        along, rows = U.T @ (y[train] - mean), (X[start:stop] - centre) @ Vt.T
        for k, alpha in enumerate(ALPHAS):
            rest = y[start:stop] - mean - rows @ (values / (values**2 + alpha) * along)
            losses[k] += (rest**2).mean() / FOLDS
    return _sized(losses)


def cv_ours(X, y):
    from linreg_fast.many_fits.validation import cross_validate

    return (-cross_validate(X, y, FOLDS, ALPHAS).mean_score,)


def cv_sklearn(X, y):
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import cross_val_score

    scoring = "neg_mean_squared_error"
    found = [-cross_val_score(Ridge(a), X, y, cv=FOLDS, scoring=scoring).mean() for a in ALPHAS]
    return (np.array(found),)


def cv_sklearn_search(X, y):
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import GridSearchCV

    asked = {"scoring": "neg_mean_squared_error", "cv": FOLDS}
    search = GridSearchCV(Ridge(), {"alpha": list(ALPHAS)}, refit=False, **asked).fit(X, y)
    return (-search.cv_results_["mean_test_score"],)


@in_double
def expected_screen(X, y):
    """F of every column alone, from centred columns, some at a time."""
    target, found = y - y.mean(), np.empty(X.shape[1])
    for start in range(0, X.shape[1], 1024):
        part = slice(start, start + 1024)
        Z = X[:, part] - X[:, part].mean(axis=0)
        share = (target @ Z) ** 2 / (Z**2).sum(axis=0) / (target @ target)
        found[part] = share / (1 - share) * (len(X) - 2)
    return _sized(found)


def screen_ours(X, y):
    from linreg_fast.many_fits.screening import screen

    return (screen(X, y).t_values ** 2,)


def f_regression_ours(X, y):
    from linreg_fast.many_fits.screening import f_regression

    return (f_regression(X, y)[0],)


def f_regression_sklearn(X, y):
    from sklearn.feature_selection import f_regression

    return (f_regression(X, y)[0],)


def _many(X, y):
    """Targets as columns, of one, too."""
    return y.reshape(len(X), -1)


def _lines_and_rest(X, y):
    """(coefficients and intercepts (t, 1 + p), inverse of the products, residuals) by QR."""
    n, p = X.shape
    if n < p + 2:
        raise np.linalg.LinAlgError(f"{n} rows of {p} columns leave nothing for errors")
    design = np.column_stack([np.ones(n), X])
    Q, R = np.linalg.qr(design)
    Y = _many(X, y)
    lines = np.linalg.solve(R, Q.T @ Y)
    inverse = np.linalg.inv(R)
    return lines.T, (inverse**2).sum(axis=1), Y - design @ lines


@in_double
def expected_lines(X, y):
    return _sized(_lines_and_rest(X, y)[0])


@in_double
def expected_p_values(X, y):
    """Lines and the p values of their coefficients, as textbooks write them."""
    from scipy.special import stdtr

    lines, diagonal, rest = _lines_and_rest(X, y)
    df = len(X) - X.shape[1] - 1
    t = lines / np.sqrt(np.outer((rest**2).sum(axis=0) / df, diagonal))
    return _sized(lines, 2 * stdtr(df, -np.abs(t[:, 1:])))


def p_values_ours(X, y):
    from linreg_fast.many_fits.targets import fit_targets

    fits = fit_targets(X, y)
    return np.column_stack([fits.intercept, fits.coef]), fits.p_values


def lines_sklearn(X, y):
    from sklearn.linear_model import LinearRegression

    model = LinearRegression().fit(X, _many(X, y))
    return (np.column_stack([model.intercept_, model.coef_]),)


def p_values_statsmodels(X, y):
    import statsmodels.api

    design = np.column_stack([np.ones(len(X)), X])
    fits = [statsmodels.api.OLS(target, design).fit() for target in _many(X, y).T]
    return np.stack([fit.params for fit in fits]), np.stack([fit.pvalues[1:] for fit in fits])
