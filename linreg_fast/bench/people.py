"""Fits of the data that people have: what `--problem correlated,dummies,...` compares.

Beside our fit stands our fit without what the table is about: of independent columns of the same
shape, of an array in F order, with one job under the same load.
"""

import numpy as np

from linreg_fast.bench import people_data as data
from linreg_fast.bench.expected import Expected, expected_fit
from linreg_fast.bench.people_ways import (
    ALONE,
    OURS,
    Work,
    once,
    others,
    our_way,
    sklearn_way,
    without,
)
from linreg_fast.bench.sharpened import sharpened

TITLES = {
    "correlated": "fit of correlated columns",
    "dummies": "fit of dummy columns",
    "frame": "fit of a data frame",
    "targets": "fit of many targets",
    "sparse": "fit of sparse rows",
    "busy": "beside busy processes",
    "first": "first fit of a process",
}
CONDITIONS = (1e2, 1e4, 1e6)
TARGETS = 200
GROUPS, NUMBERS = 10, 10  # levels of a factor; columns of numbers beside two factors
# Rows and columns (and targets) of a full and of a quick bench.
SHAPES: dict[str, tuple[tuple, tuple]] = {
    "correlated": (
        ((500, 10), (10_000, 10), (1_000_000, 10), (100_000, 20), (200_000, 50), (100_000, 100)),
        ((500, 10), (50_000, 10)),
    ),
    "dummies": (((100_000, NUMBERS + 2 * GROUPS),), ((20_000, NUMBERS + 2 * GROUPS),)),
    "frame": (((442, 10), (1_000_000, 10)), ((442, 10), (50_000, 10))),
    "targets": (((200, 5, 20_000), (100_000, 10, TARGETS)), ((200, 5, 2000), (10_000, 10, 50))),
    "sparse": (((50_000, 5000),), ((5000, 500),)),
    "busy": (((50_000, 10), (1_000_000, 10)), ((50_000, 10),)),
    "first": (((442, 10), (200_000, 10)), ((442, 10),)),
}
SHARE = 1e-3  # of the sparse rows' numbers that are not zero
SPARSE_RTOL = 1e-3


def _fits(problem, label, X, y, alone, peers, reference=expected_fit):
    """A table of fits of one data set beside that of independent columns."""
    right = once(reference, X, y)
    ways = [our_way(X, y, right), alone, *others(X, y, peers, right)]
    return Work(problem, label, X, y, ways, ((OURS, ALONE),), right=reference)


def correlated(rng, shapes, peers):
    for n, p in shapes:
        alone = without(rng, n, p)
        for condition in CONDITIONS:
            label = f"condition {condition:.0e},".replace("e+0", "e")
            X, y = data.columns(rng, n, p, condition)
            yield _fits("correlated", label, X, y, alone, peers)


def _of_dummies(X, y):
    """That all levels depend on each other is known, whatever rounding leaves of it."""
    return expected_fit(X, y)._replace(doubtful=False)


def dummies(rng, shapes, peers):
    for n, p in shapes:
        groups = (p - NUMBERS) // 2
        if groups < 2:
            raise ValueError(
                f"dummies of two factors beside {NUMBERS} numbers need {NUMBERS + 4} columns "
                f"or more; got {p}"
            )
        alone = without(rng, n, p)
        for trap, label in ((False, "a level of each left out,"), (True, "all levels: dependent,")):
            X, y = data.dummies(rng, n, groups, NUMBERS, trap)
            yield _fits("dummies", label, X, y, alone, peers, _of_dummies)


def frame(rng, shapes, peers):
    for n, p in shapes:
        X, y = data.columns(rng, n, p)
        right = once(expected_fit, X, y)
        flat = our_way(np.asfortranarray(X), y, right, "array in F order", "ours, without a frame")
        ways, beside = [flat], []
        for library, table in data.frames(X):
            name = f"{OURS}, {library}"
            ways.append(our_way(table, y, right, name))
            beside.append((name, flat.row.name))
            given = (table, y)
            ways.append(sklearn_way(given, right, "a copy, then its SVD", 4, name=library))
        yield Work("frame", "generated", X, y, ways, beside)


def _expected_targets(X, Y):
    """LAPACK's least squares of centred columns, sharpened, all targets at once."""
    from scipy.linalg import lstsq

    means, mean = X.mean(axis=0), Y.mean(axis=0)
    coef = lstsq(X - means, Y - mean)[0]
    coef, intercept = sharpened(X, Y) or (coef, mean - means @ coef)
    values = coef.T, intercept
    return Expected(values, tuple(np.maximum(np.abs(v), 1e-3 * np.abs(v).max()) for v in values))


def targets(rng, shapes, peers):
    for n, p, *t in shapes:
        X, Y = data.targets(rng, n, p, *(t or (TARGETS,)))
        right = once(_expected_targets, X, Y)
        ways = [our_way(X, Y, right), sklearn_way((X, Y), right)]
        yield Work("targets", f"{Y.shape[1]} targets,", X, Y, ways, right=_expected_targets)


def _expected_sparse(X, y):
    """SciPy's LSQR to all digits, a column of ones beside; of its coefficients three digits count.

    The rows stop as soon as tol=1e-6 allows.
    """
    from scipy.sparse import csr_array, hstack
    from scipy.sparse.linalg import lsqr

    found = lsqr(hstack([X, csr_array(np.ones((X.shape[0], 1)))]), y, atol=1e-13, btol=1e-13)[0]
    values = found[:-1], found[-1:]
    sizes = [np.full(len(part), np.abs(found).max()) for part in values]
    return Expected(values, tuple(sizes))


def sparse(rng, shapes, peers):
    for n, p in shapes:
        X, y = data.sparse(rng, n, p, SHARE)
        right = once(_expected_sparse, X, y)
        ours = our_way(X, y, right, f"{OURS}, tol=1e-6", "LSQR", tol=1e-6)
        ours = ours._replace(row=ours.row._replace(rtol=SPARSE_RTOL))
        theirs = sklearn_way((X, y), right, "LSQR, which stops at 1e-6", 1, SPARSE_RTOL)
        told = f"{X.nnz} of its numbers are not zero; both stop at tol=1e-6"
        facts = {"flops": 4 * X.nnz, "told": told, "right": _expected_sparse, "rtol": SPARSE_RTOL}
        yield Work("sparse", f"{SHARE:.1%} not zero,", X, y, [ours, theirs], **facts)


def works(problem, quick, size=None, peers=False):
    """The `Work` of a problem's tables, drawn one after the other.

    size: (rows, columns) instead of its own shapes.
    """
    from linreg_fast.bench.people_busy import busy
    from linreg_fast.bench.sweep import check_size

    draw = {
        "correlated": correlated,
        "dummies": dummies,
        "frame": frame,
        "targets": targets,
        "sparse": sparse,
        "busy": busy,
    }[problem]
    shapes = shapes_of(problem, quick, size)
    for n, p, *t in shapes:
        check_size(n, 1 if problem == "sparse" else p + sum(t))
    return draw(np.random.default_rng(0), shapes, peers)


def shapes_of(problem, quick, size=None):
    """Rows and columns, and targets where they are many, that a problem is measured on."""
    return SHAPES[problem][bool(quick)] if size is None else (size,)
