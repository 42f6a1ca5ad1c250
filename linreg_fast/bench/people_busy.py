"""What people's machines and processes add: others that compute beside it, and the first call."""

import tempfile
from functools import partial

import numpy as np

from linreg_fast.bench import children
from linreg_fast.bench import people_data as data
from linreg_fast.bench.expected import Expected, expected_fit
from linreg_fast.bench.people_ways import OURS, Way, Work, once, others, our_way, row
from linreg_fast.bench.prepared import Measured

ALONE = "n_jobs=1"
FEW = 20_000  # rows predicted at most
FIRST = """
import sys, time
import numpy as np
n, p, module = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
LinearRegression = getattr(__import__(module, fromlist=["x"]), "LinearRegression")
X = np.random.default_rng(0).normal(size=(n, p))
y = X.sum(axis=1) + np.random.default_rng(1).normal(size=n)
start = time.process_time()
LinearRegression().fit(X, y)
print(time.process_time() - start)
"""
PATIENCE = 300.0  # seconds, for compiling on a busy machine
TOLD_BUSY = "as many processes that compute as there are cores run beside it"
TOLD_FIRST = "processor time of the first fit in a new process, imports not counted"


def _of_numbers(X, y, coef, intercept):
    """What to expect of predictions, and of their mean squared error."""
    found = X @ coef + intercept
    loss = np.atleast_1d(np.mean((found - y) ** 2))
    sizes = [np.full(part.shape, np.abs(part).max()) for part in (found, loss)]
    return Expected((found,), (sizes[0],)), Expected((loss,), (sizes[1],))


def busy(rng, shapes, peers):
    """Works of predict, mse and fit; the large shapes only fit."""
    for k, (n, p) in enumerate(shapes):
        X, y = data.columns(rng, n, p)
        if k == 0:
            yield from _steps(X[:FEW], y[:FEW])
        right = once(expected_fit, X, y)
        ways = [
            our_way(X, y, right),
            our_way(X, y, right, f"{OURS}, {ALONE}", "ours, by one core", n_jobs=1),
            *(others(X, y, peers, right) if k == 0 else ()),
        ]
        beside = [(ways[0].row.name, ways[1].row.name)]
        yield Work("busy", "fit", X, y, ways, beside, loaded=True, told=TOLD_BUSY)


def _steps(X, y):
    """Works of predict and mse."""
    from sklearn.linear_model import LinearRegression as Theirs
    from sklearn.metrics import mean_squared_error

    from linreg_fast.estimators.linear_regression import LinearRegression
    from linreg_fast.functional.sums import mse

    model, alone = LinearRegression().fit(X, y), LinearRegression(n_jobs=1).fit(X, y)
    peer = Theirs()
    peer.coef_, peer.intercept_ = coef, intercept = model.coef_, model.intercept_
    expected = _of_numbers(X, y, coef, intercept)
    for place, label, calls in (
        (
            0,
            "predict",
            {
                "predict": lambda X, y: model.predict(X),
                f"predict, {ALONE}": lambda X, y: alone.predict(X),
                "scikit-learn": lambda X, y: peer.predict(X),
            },
        ),
        (
            1,
            "mse",
            {
                "mse": lambda X, y: mse(X, y, coef, intercept),
                "scikit-learn": lambda X, y: mean_squared_error(y, peer.predict(X)),
            },
        ),
    ):
        ways = [_step(name, call, expected[place], (X, y)) for name, call in calls.items()]
        names = [way.row.name for way in ways]
        beside = [(names[0], name) for name in names if name.endswith(ALONE)]
        work = 2 * X.shape[0] * (X.shape[1] + 2)
        yield Work("busy", label, X, y, ways, beside, work, True, TOLD_BUSY, None)


def _step(name, call, right, given):
    kind = "peer" if name == "scikit-learn" else "ours"
    return Way(row(name, partial(_answer, call), lambda *_: right, "", kind, 1e-9), given)


def _answer(call, X, y):
    return (np.atleast_1d(call(X, y)),)


def first_rows(n, p, times, tell=None):
    """`Measured` of first fits: without a code cache, with one, and scikit-learn's."""
    with tempfile.TemporaryDirectory() as folder:
        for name, module, repeats, why in (
            ("nothing compiled yet", "linreg_fast", 1, "an empty code cache"),
            ("from the code cache", "linreg_fast", times, "as any later process finds it"),
            ("scikit-learn", "sklearn.linear_model", times, "nothing is compiled"),
        ):
            if tell is not None:
                tell(f"first fit {n} x {p}: {name}")
            taken = [_first(n, p, module, folder) for _ in range(repeats)]
            low, middle, high = np.quantile(taken, [0.25, 0.5, 0.75])
            yield Measured(
                name,
                why,
                "peer" if name == "scikit-learn" else "ours",
                True,
                n_rows=n,
                median=float(middle),
                low=float(low),
                high=float(high),
                minimum=min(taken),
                repeats=len(taken),
                seconds=taken,
            )


def _first(n, p, module, folder):
    """Processor seconds of the first fit in a process of its own."""
    asked = ["-c", FIRST, str(n), str(p), module]
    done = children.run(asked, PATIENCE, NUMBA_CACHE_DIR=folder)
    if done.returncode:
        told = children.last_words(done.returncode, done.stderr)
        raise RuntimeError(f"the first fit of a new process failed: {told}")
    return float(done.stdout)
