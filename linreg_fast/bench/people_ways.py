"""What a table of the data that people have is made of: its data, and ways to fit them."""

from functools import partial
from typing import Any, NamedTuple

import numpy as np

from linreg_fast.bench import people_data as data
from linreg_fast.bench.cases import Row, peer_fit, sklearn_fit
from linreg_fast.bench.expected import Expected, expected_fit

SLOW = 1.1e8  # n p^2, beyond which SVD takes a second or more
PEERS = (
    "Ridge(alpha=1e-12, cholesky)",
    "numpy normal equations",
    "scikit-learn-intelex",
    "polars-ds",
    "polars-ols",
)
OURS, ALONE = "LinearRegression", "independent columns"
PEERS_RTOL = 1e-5  # normal equations that are not centred lose digits, which the table shows


class Way(NamedTuple):
    """A row, and what it is given."""

    row: Row
    data: tuple


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
    right: Any = expected_fit  # of X and y, for rows from outside; None where they have no place
    rtol: float = PEERS_RTOL  # of those


def row(name, solve, reference, why="", kind="peer", rtol=PEERS_RTOL, minimum_norm=True, reads=1):
    """A `cases.Row`, with the defaults of these tables."""
    return Row(name, why, reads, solve, reference, rtol, minimum_norm, kind)


def _ours(X, y, **options):
    from linreg_fast.estimators.linear_regression import LinearRegression

    model = LinearRegression(**options).fit(X, y)
    return model.coef_, np.atleast_1d(model.intercept_)


def our_way(X, y, reference, name=OURS, why="what a user calls", **options):
    """Our estimator's."""
    return Way(row(name, partial(_ours, **options), reference, why, "ours", 1e-9), (X, y))


def without(rng, n, p):
    """Our fit of as many independent columns."""
    X, y = data.columns(rng, n, p)
    return our_way(X, y, once(expected_fit, X, y), ALONE, "ours, of the same shape")


def sklearn_way(given, right, why="SVD of a centred copy", reads=3, rtol=PEERS_RTOL, name=""):
    """scikit-learn's; name: what it is given, where that is a frame."""
    named = f"scikit-learn, {name}" if name else "scikit-learn"
    return Way(row(named, sklearn_fit, right, why, rtol=rtol, reads=reads), given)


def others(X, y, peers, right):
    """scikit-learn where it takes less than a second, and with peers the others."""
    from linreg_fast.bench.peers import PEERS as KNOWN
    from linreg_fast.bench.peers import installed

    if X.shape[0] * X.shape[1] ** 2 <= SLOW:
        yield sklearn_way((X, y), right)
    for peer in installed(KNOWN)[0]:
        if peers and peer.name in PEERS:
            facts = {"minimum_norm": peer.minimum_norm, "reads": peer.reads, "rtol": peer.rtol}
            yield Way(row(peer.name, partial(peer_fit, peer), right, peer.why, **facts), (X, y))


def from_outside(work, rows):
    """Rows of --add, which are given plain X and a y that is theirs to be changed."""
    if work.right is None:
        return
    for one in rows:
        rtol = max(one.rtol, work.rtol)
        yield Way(one._replace(reference=work.right, rtol=rtol), (work.X, work.y.copy()))


def once(reference, X, y):
    """The reference's answer of these arrays, whatever form of them a row was given."""
    found: list[Expected] = []

    def right(*_):
        if not found:
            found.append(reference(X, y))
        return found[0]

    return right
