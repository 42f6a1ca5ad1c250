"""What fits share: the estimator, warnings by the columns' names, and pictures."""

import os
import sys
import warnings

from linreg_fast.cli.common import check_picture, check_writable, for_a_reader, patience

MOST_COLUMNS = 500  # whose dependence is looked into: an eigenvalue problem of 0.1 s
PART = 1e-6  # of a dependence that a column must have to be named


def estimator_of(options, design=None):
    """The `LinearRegression` that the options, or a formula's design, ask for."""
    from linreg_fast.estimators.linear_regression import LinearRegression
    from linreg_fast.solvers import SOLVERS

    able = SOLVERS.get(options.solver)
    return LinearRegression(
        solver=options.solver,
        positive=able is not None and able.positive,
        fit_intercept=not options.no_intercept if design is None else design.fit_intercept,
    )


def fit(estimator, rows):
    """Fit; what is said knows the columns' places only, and is said with their names."""
    from linreg_fast.estimators.errors import LostDigitsWarning, TooLargeError

    show = warnings.showwarning

    def show_named(message, *details):
        if isinstance(message, LostDigitsWarning):
            message = message.named(rows.names)
        show(message, *details)

    warnings.showwarning = show_named
    try:
        estimator.fit(rows.X, rows.y, rows.weights)
    except TooLargeError as error:
        raise TooLargeError(error.columns, rows.names) from None
    finally:
        warnings.showwarning = show


def warn_of_dependence(estimator, rows):
    """Say which columns depend on each other exactly, and which are constant."""
    n, p = rows.X.shape
    if estimator.rank_ == p:
        return
    if n - estimator.fit_intercept < p:
        warnings.warn(
            f"{p} columns depend on each other, being more than {n} rows can tell apart: their "
            "coefficients are the shortest of many that fit as well",
            stacklevel=2,
        )
        return
    if estimator.fit_intercept:
        constant = [j for j in range(p) if rows.X[0, j] == rows.X[:, j].min() == rows.X[:, j].max()]
    else:
        constant = [j for j in range(p) if not rows.X[:, j].any()]
    _warn_of_dependence(estimator, rows.names, constant)


def warn_of_dependent_columns(estimator, names):
    """Likewise of rows that are not at hand, by their moments in double-double."""
    import numpy as np

    moments, p = estimator.moments_, len(names)
    if estimator.rank_ == p:
        return
    squares = np.diag(moments.comoment)[:p]
    still = squares == 0 if estimator.fit_intercept else (squares == 0) & (moments.mean[:p] == 0)
    _warn_of_dependence(estimator, names, [int(j) for j in np.flatnonzero(still)])


def _warn_of_dependence(estimator, all_names, constant):
    import numpy as np

    from linreg_fast.data.gate import listed

    p = len(all_names)
    if constant:
        names = listed([all_names[j] for j in constant])
        warnings.warn(
            f"constant columns explain nothing, their coefficients are 0: {names}", stacklevel=3
        )
    free = [j for j in range(p) if j not in constant]
    lost = len(free) - estimator.rank_
    moments = getattr(estimator, "moments_", None)
    if lost < 1 or moments is None or p > MOST_COLUMNS:
        return
    cross = np.asarray(moments.comoment[:p, :p])
    if not estimator.fit_intercept:
        mean = np.asarray(moments.mean[:p])
        cross = cross + moments.weight_sum * np.outer(mean, mean)
    cross = cross[np.ix_(free, free)]
    size = np.sqrt(np.diag(cross))
    vectors = np.linalg.eigh(cross / np.outer(size, size))[1][:, :lost]
    shares = vectors @ vectors.T  # which columns the dependences are made of, and with which others
    groups, seen = [], set()
    for j in range(len(free)):
        if j in seen or shares[j, j] < PART:
            continue
        group, grown = {j}, True
        while grown:
            more = {int(k) for i in group for k in np.flatnonzero(abs(shares[i]) > PART)} - group
            group, grown = group | more, bool(more)
        seen |= group
        groups.append(listed([all_names[free[k]] for k in sorted(group)]))
    warnings.warn(
        f"columns {'; and '.join(groups)} depend on each other: their coefficients are the "
        "shortest of many that fit as well",
        stacklevel=2,
    )


def check_outputs(options, *others):
    """Fail before the work for what could not be written, or drawn, after it.

    others: files that are read besides the data.
    """
    out = getattr(options, "out", None)
    inputs = [*([options.data] if isinstance(options.data, str) else options.data), *others]
    if out is not None and out != "-":
        check_writable(out, *inputs)
    if options.plot is not None:
        check_picture(options.plot, *inputs)
        if out is not None and os.path.realpath(out) == os.path.realpath(options.plot):
            raise ValueError("--out and --plot name the same file")


def draw(options, estimator, rows):
    """The picture that --plot asks for."""
    if options.plot is None:
        return
    from linreg_fast.displays import pictures

    with patience("drawing"):
        try:
            pictures.save_model(
                options.plot,
                estimator,
                rows.X,
                rows.y,
                rows.names,
                options.target,
                rows.weights,
            )
        except (ValueError, OverflowError) as error:  # of numbers that are no ordinary ones
            raise ValueError(f"the model stands, and cannot be drawn: {error}") from None
    with for_a_reader():
        screen = sys.stderr if getattr(options, "out", None) == "-" else sys.stdout
        print(f"picture written to {options.plot}", file=screen)
