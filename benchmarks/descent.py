"""Descents to a given accuracy: ours, numpy's loop, and what scikit-learn has that iterates.

python benchmarks/descent.py            print the tables
python benchmarks/descent.py --readme   and write them into the README
"""

import argparse
import time
import warnings

import numpy as np
from readme import write_section
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge, SGDRegressor
from sklearn.preprocessing import StandardScaler

from linreg_fast import GradientDescentRegressor, LinearRegression, datasets
from linreg_fast.wording import seconds

TARGETS = (1e-4, 1e-8)
PATIENCE = 3.0  # seconds for one run of a peer, after which it is given up
EPOCHS = 200_000


def text_descent(X, y, rate, epochs):
    """What the second text computes in each epoch, operation by operation."""
    n, y = len(X), y[:, None]
    w, b, losses = np.zeros((X.shape[1], 1)), 0.0, []
    for _ in range(epochs):
        y_hat = X @ w + b
        losses.append(((y_hat - y) ** 2).sum() / (2 * n))
        by_w, by_b = X.T @ (y_hat - y) / n, (y_hat - y).sum() / n
        w, b = w - rate * by_w, b - rate * by_b
    return np.append(w[:, 0], b), losses


def best_of(call, times=3):
    """(seconds, result) of the fastest of some calls, one more before them."""
    result, fastest = call(), np.inf
    for _ in range(times):
        start = time.perf_counter()
        result = call()
        fastest = min(fastest, time.perf_counter() - start)
    return fastest, result


def the_text():
    """Lines of markdown: the epochs of the second text."""
    data = datasets.load("diabetes")
    start = time.perf_counter()
    expected, _ = text_descent(data.X, data.y, 2 * data.learning_rate, EPOCHS)
    loop = time.perf_counter() - start
    yield "| | time | times faster | largest difference of a coefficient |"
    yield "|---|---:|---:|---:|"
    yield f"| the text's numpy | {seconds(loop)} | 1 | |"
    for space in ("data", "gram"):
        model = GradientDescentRegressor(
            learning_rate=data.learning_rate,
            max_iter=EPOCHS,
            tol=0,
            standardize=False,
            space=space,
        )
        taken, model = best_of(lambda model=model: model.fit(data.X, data.y))
        found = np.append(model.coef_, model.intercept_)
        off = np.abs(found / expected - 1).max()
        yield f'| `space="{space}"` | {seconds(taken)} | {loop / taken:.0f} | {off:.0e} |'


def distance(coef, exact):
    return np.linalg.norm(coef - exact) / np.linalg.norm(exact)


def ours(method, space):
    """A function of (X, y, target): (seconds, steps, distance) of our estimator."""

    def run(X, y, target, exact):
        model = GradientDescentRegressor(
            method=method,
            space=space,
            tol=target,
            random_state=0,
            max_iter=300 if method == "sgd" else None,
        )
        taken, model = best_of(lambda: model.fit(X, y))
        return taken, model.n_iter_, distance(model.coef_, exact)

    return run


def numpy_loop(X, y, target, exact):
    """Gradient descent with the best constant step, told when it is there."""
    n, ones = len(X), np.ones((len(X), 1))
    A = np.hstack([X, ones])
    values = np.linalg.eigvalsh(A.T @ A) * 2 / n
    rate = 2 / (values[0] + values[-1])

    def descend():
        z, steps = np.zeros(A.shape[1]), 0
        start = time.perf_counter()
        while distance(z[:-1], exact) > target and time.perf_counter() - start < PATIENCE:
            z, steps = z - rate * (2 / n) * (A.T @ (A @ z - y)), steps + 1
        return z, steps

    taken, (z, steps) = best_of(descend, 1)
    return taken, steps, distance(z[:-1], exact)


def peer(make):
    """Likewise of a scikit-learn model: its loosest tolerance that is near enough."""

    def run(X, y, target, exact):
        for exponent in range(1, 17):
            model = make(10.0**-exponent)
            taken, model = best_of(lambda model=model: model.fit(X, y), 1)
            found = distance(model.coef_, exact)
            if found <= target or taken > PATIENCE:
                break
        return taken, int(np.max(model.n_iter_)), found

    return run


WAYS = {
    **{
        f'{method}, space="{space}"': ours(method, space)
        for method in ("gd", "momentum", "nesterov", "cg")
        for space in ("gram", "data")
    },
    "sgd": ours("sgd", "data"),
    "numpy loop, gd": numpy_loop,
    "scikit-learn SGDRegressor": peer(
        lambda tol: SGDRegressor(
            penalty=None, tol=tol, max_iter=1000, random_state=0, n_iter_no_change=5
        )
    ),
    **{
        f'scikit-learn Ridge(solver="{solver}")': peer(
            lambda tol, solver=solver: Ridge(
                alpha=1e-12, solver=solver, tol=tol, max_iter=20_000, random_state=0
            )
        )
        for solver in ("sag", "saga", "lsqr")
    },
}


def generated(n=100_000, p=20):
    """Columns that share a part, with a condition number of about 20."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p)) + 4 * rng.normal(size=(n, 1))
    return X, X @ rng.normal(size=p) + rng.normal(size=n)


def to_accuracy():
    """Lines of markdown: time, and steps (passes over the data, where they are on rows)."""
    X, y = load_diabetes(return_X_y=True)
    problems = {"diabetes, 442 x 10": (X, y), "generated, 100 000 x 20": generated()}
    heads = [f"{label}: to {target:g}" for label in problems for target in TARGETS]
    yield f"| standardised columns | {' | '.join(heads)} |"
    yield "|---|" + "---:|" * len(heads)
    for name, run in WAYS.items():
        cells = []
        for X, y in problems.values():
            X = StandardScaler().fit_transform(X)
            exact = LinearRegression().fit(X, y).coef_
            for target in TARGETS:
                taken, steps, found = run(X, y, target, exact)
                cells.append(
                    f"{seconds(taken)} ({steps:,})"
                    if found <= 1.01 * target
                    else f"{seconds(taken)}: only {found:.0e}"
                )
        yield f"| {name} | {' | '.join(cells)} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--readme", action="store_true", help="write the tables into README.md")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    text = "\n".join(
        [
            f"The {EPOCHS:,} epochs of a teaching text on the diabetes data, as it prints them:",
            "",
            *the_text(),
            "",
            "Time (and steps; on rows each reads the data once) until the coefficients are within "
            "1e-4 and 1e-8 of the least-squares solution, relative:",
            "",
            *to_accuracy(),
        ]
    )
    print(text)
    if options.readme:
        write_section("descent", text)


if __name__ == "__main__":
    main()
