"""Fits of the data that people have: what `--problem correlated,dummies,...` compares.

Beside our fit stands our fit without what the table is about: of independent columns of the same
shape, of an array in F order, with one job under the same load.
"""

from functools import partial
from typing import Any, NamedTuple

import numpy as np

from linreg_fast.bench import people_data as data
from linreg_fast.bench.cases import Row
from linreg_fast.bench.expected import Expected, expected_fit
from linreg_fast.bench.sharpened import MOST_NUMBERS, sharpened

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
SLOW = 1.1e8  # n p^2, beyond which SVD takes a second or more
PEERS: tuple[str, ...] = (
    "Ridge(alpha=1e-12, cholesky)",
    "numpy normal equations",
    "scikit-learn-intelex",
)
PEERS += ("polars-ds", "polars-ols")
OURS, ALONE = "LinearRegression", "independent columns"
FACTS = {"why": "what a user calls", "kind": "ours"}


class Way(NamedTuple):
    """A row, and what it is given."""

    row: Row
    data: tuple


PEERS_RTOL = 1e-5  # normal equations that are not centred lose digits, which the table shows


class Work(NamedTuple):
    """One table: the data it is about, ways to do it, which of them are set side by side."""

    problem: str
    label: str
    X: Any
    y: np.ndarray
    ways: list
    beside: tuple = ()  # (row, the one without what the table is about)
    flops: int | None = None  # of other work than a fit
    loaded: bool = False  # measured while others compute
    told: str = ""  # instead of what bounds it


def _row(name, solve, reference, why="", kind="peer", rtol=PEERS_RTOL, minimum_norm=True, reads=1):
    return Row(name, why, reads, solve, reference, rtol, minimum_norm, kind)


def _ours(X, y, **options):
    from linreg_fast.estimators.linear_regression import LinearRegression

    model = LinearRegression(**options).fit(X, y)
    return model.coef_, np.atleast_1d(model.intercept_)


def _sklearn(X, y):
    from linreg_fast.bench.cases import sklearn_fit

    return sklearn_fit(X, y)


def _our_way(X, y, reference, name=OURS, why="what a user calls", **options):
    return Way(_row(name, partial(_ours, **options), reference, why, "ours", 1e-9), (X, y))


def _without(rng, n, p):
    """Our fit of as many independent columns."""
    X, y = data.columns(rng, n, p)
    return _our_way(X, y, _once(_expected, X, y), ALONE, "ours, of the same shape")


def _others(X, y, peers, right):
    """scikit-learn where it takes less than a second, and with peers the others."""
    from linreg_fast.bench.cases import peer_fit
    from linreg_fast.bench.peers import PEERS as KNOWN
    from linreg_fast.bench.peers import installed

    if X.shape[0] * X.shape[1] ** 2 <= SLOW:
        row = _row("scikit-learn", _sklearn, right, "SVD of a centred copy", reads=3)
        yield Way(row, (X, y))
    for peer in installed(KNOWN)[0]:
        if peers and peer.name in PEERS:
            facts = {"minimum_norm": peer.minimum_norm, "reads": peer.reads, "rtol": peer.rtol}
            row = _row(peer.name, partial(peer_fit, peer), right, peer.why, **facts)
            yield Way(row, (X, y))


def _fits(problem, label, X, y, alone, peers, right=None):
    """A table of fits of one data set beside that of independent columns."""
    right = _once(_expected, X, y) if right is None else right
    ways = [_our_way(X, y, right), alone, *_others(X, y, peers, right)]
    return Work(problem, label, X, y, ways, ((OURS, ALONE),))


def correlated(rng, shapes, peers):
    for n, p in shapes:
        alone = _without(rng, n, p)
        for condition in CONDITIONS:
            label = f"condition {condition:.0e},".replace("e+0", "e")
            X, y = data.columns(rng, n, p, condition)
            yield _fits("correlated", label, X, y, alone, peers)


def dummies(rng, shapes, peers):
    for n, p in shapes:
        groups = (p - NUMBERS) // 2
        if groups < 2:
            raise ValueError(
                f"dummies of two factors beside {NUMBERS} numbers need {NUMBERS + 4} columns "
                f"or more; got {p}"
            )
        alone = _without(rng, n, p)
        for trap, label in ((False, "a level of each left out,"), (True, "all levels: dependent,")):
            X, y = data.dummies(rng, n, groups, NUMBERS, trap)
            # That all levels depend on each other is known here, whatever rounding leaves of it.
            right = _once(lambda X, y: expected_fit(X, y)._replace(doubtful=False), X, y)
            yield _fits("dummies", label, X, y, alone, peers, right)


def frame(rng, shapes, peers):
    for n, p in shapes:
        X, y = data.columns(rng, n, p)
        right = _once(_expected, X, y)
        flat = _our_way(np.asfortranarray(X), y, right, "array in F order", "ours, without a frame")
        ways, beside = [flat], []
        for library, table in data.frames(X):
            name = f"{OURS}, {library}"
            ways.append(_our_way(table, y, right, name))
            beside.append((name, flat.row.name))
            row = _row(f"scikit-learn, {library}", _sklearn, right, "a copy, then its SVD", reads=4)
            ways.append(Way(row, (table, y)))
        yield Work("frame", "generated", X, y, ways, beside)


def _expected(X, y):
    """All digits, since it is asked for once."""
    return expected_fit(X, y, most=MOST_NUMBERS)


def _once(reference, X, y):
    """The reference's answer of these arrays, whatever form of them a row was given."""
    found: list[Expected] = []

    def right(*_):
        if not found:
            found.append(reference(X, y))
        return found[0]

    return right


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
        right = _once(_expected_targets, X, Y)
        row = _row("scikit-learn", _sklearn, right, "SVD of a centred copy", reads=3)
        ways = [_our_way(X, Y, right), Way(row, (X, Y))]
        yield Work("targets", f"{Y.shape[1]} targets,", X, Y, ways)


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
        right = _once(_expected_sparse, X, y)
        ours = _our_way(X, y, right, f"{OURS}, tol=1e-6", "LSQR", tol=1e-6)
        ours = ours._replace(row=ours.row._replace(rtol=1e-3))
        row = _row("scikit-learn", _sklearn, right, "LSQR, which stops at 1e-6", rtol=1e-3)
        told = f"{X.nnz} of its numbers are not zero; both stop at tol=1e-6"
        ways = [ours, Way(row, (X, y))]
        yield Work("sparse", f"{SHARE:.1%} not zero,", X, y, ways, flops=4 * X.nnz, told=told)


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
