"""Fits of the data that people have: correlated, dummy-coded, in frames, of many targets, busy.

python benchmarks/people.py [--readme] [--quick]

All calls of a line take turns, in random order; times are medians. "Beside" is the same fit without
what the line is about: of independent columns, of an F-ordered array, with n_jobs=1 under the same
load. --readme writes the README's table. About four minutes.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np
from readme import write_section
from scipy import sparse
from sklearn import linear_model

from linreg_fast import LinearRegression, mse
from linreg_fast.bench.machine import machine
from linreg_fast.wording import seconds as written

BUDGET = 2.0  # seconds of samples for each line
SHAPES = [(500, 10), (10_000, 10), (1_000_000, 10), (100_000, 20), (200_000, 50), (100_000, 100)]
CONDITIONS = (1e2, 1e4, 1e6)
FIRST = """
import sys, time
import numpy as np
from linreg_fast import LinearRegression
n = int(sys.argv[1])
X = np.random.default_rng(0).normal(size=(n, 10))
y = X.sum(axis=1) + np.random.default_rng(1).normal(size=n)
start = time.process_time()
LinearRegression().fit(X, y)
print(time.process_time() - start)
"""


def columns(rng, n, p, condition=1.0):
    """(X, y): normal columns whose condition number, centred and of unit norm, is about that."""
    Z = rng.normal(size=(n, p))
    if condition > 1:
        left, right = (np.linalg.qr(rng.normal(size=(p, p)))[0] for _ in range(2))
        Z = Z @ (left * np.geomspace(1, 1 / condition, p)) @ right.T
    X = np.ascontiguousarray(Z / Z.std(axis=0) + 3)
    return X, X @ rng.normal(size=p) + rng.normal(size=n)


def dummies(rng, n, groups, trap):
    """(X, y): two factors as zeros and ones and ten numbers; trap: all levels of both."""
    parts = [rng.normal(size=(n, 10))]
    for _ in range(2):
        codes = rng.integers(0, groups, n)
        parts.append(np.eye(groups)[codes][:, 0 if trap else 1 :])
    X = np.hstack(parts)
    return X, X @ rng.normal(size=X.shape[1]) + rng.normal(size=n)


def normal_equations(X, y):
    Z = np.column_stack([np.ones(len(X)), X])
    return np.linalg.solve(Z.T @ Z, Z.T @ y)


def fit(X, y, **options):
    return lambda: LinearRegression(**options).fit(X, y)


def sklearn(X, y):
    return lambda: linear_model.LinearRegression().fit(X, y)


def medians(calls, budget):
    """name -> median seconds, the calls taking turns in random order."""
    for call in calls.values():
        call()
    found, rng, begin = {name: [] for name in calls}, np.random.default_rng(0), time.monotonic()
    while len(found[next(iter(found))]) < 3 or time.monotonic() - begin < budget:
        for name in rng.permutation(list(calls)):
            start = time.perf_counter()
            calls[name]()
            found[name].append(time.perf_counter() - start)
    return {name: float(np.median(times)) for name, times in found.items()}


@contextlib.contextmanager
def busy():
    """As many processes that compute as there are cores."""
    command = [sys.executable, "-c", "while True: pass"]
    others = [subprocess.Popen(command) for _ in range(len(os.sched_getaffinity(0)))]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def size(n, p):
    return f"{n:,} x {p}".replace(",", " ")


def lines(rng, budget):
    """(work, calls, whether the machine is busy); calls are ours, beside, and peers."""
    for n, p in SHAPES:
        plain = fit(*columns(rng, n, p))
        for condition in CONDITIONS:
            X, y = columns(rng, n, p, condition)
            calls = {
                "ours": fit(X, y),
                "beside": plain,
                "numpy": lambda X=X, y=y: normal_equations(X, y),
            }
            yield f"{size(n, p)}, condition {condition:.0e}".replace("e+0", "e"), calls, False
    independent = fit(*columns(rng, 100_000, 28))
    for trap, words in ((False, "two factors of ten"), (True, "all dummies of both: dependent")):
        X, y = dummies(rng, 100_000, 10, trap)
        calls = {"ours": fit(X, y), "beside": independent, "scikit-learn": sklearn(X, y)}
        yield f"{size(*X.shape)}, {words}", calls, False
    for n in (442, 1_000_000):
        X, y = columns(rng, n, 10)
        plain = fit(np.asfortranarray(X), y)
        for library, frame in frames(X):
            calls = {"ours": fit(frame, y), "beside": plain, "scikit-learn": sklearn(frame, y)}
            yield f"{size(n, 10)}, {library} frame", calls, False
    for n, p, t in ((200, 5, 20_000), (100_000, 10, 200)):
        X, _ = columns(rng, n, p)
        Y = X @ rng.normal(size=(p, t)) + rng.normal(size=(n, t))
        calls = {"ours": fit(X, Y), "scikit-learn": sklearn(X, Y)}
        yield f"{size(n, p)}, {t:,} targets".replace(",000 t", " 000 t"), calls, False
    S = sparse.random(50_000, 5000, 0.001, "csr", random_state=0)
    y = S @ rng.normal(size=5000) + rng.normal(size=50_000)
    calls = {"ours": fit(S, y, tol=1e-6), "scikit-learn": sklearn(S, y)}
    yield f"{size(*S.shape)}, sparse, 0.1%, tol=1e-6", calls, False
    X, y = columns(rng, 50_000, 10)
    large, of_large = columns(rng, 1_000_000, 10)
    model, peer = LinearRegression().fit(X, y), linear_model.LinearRegression().fit(X, y)
    alone = LinearRegression(n_jobs=1).fit(X, y)
    few, coef = X[:20_000], model.coef_
    for words, calls in (
        (
            "predict 20 000 x 10",
            {
                "ours": lambda: model.predict(few),
                "beside": lambda: alone.predict(few),
                "scikit-learn": lambda: peer.predict(few),
            },
        ),
        (
            "fit 50 000 x 10",
            {
                "ours": fit(X, y),
                "beside": fit(X, y, n_jobs=1),
                "scikit-learn": sklearn(X, y),
                "numpy": lambda: normal_equations(X, y),
            },
        ),
        ("mse 50 000 x 10", {"ours": lambda: mse(X, y, coef, 1.0)}),
        (
            "fit 1 000 000 x 10",
            {"ours": fit(large, of_large), "beside": fit(large, of_large, n_jobs=1)},
        ),
    ):
        yield f"busy machine, {words}", calls, True


def frames(X):
    names = [f"x{j}" for j in range(X.shape[1])]
    data = {name: np.ascontiguousarray(column) for name, column in zip(names, X.T, strict=True)}
    with contextlib.suppress(ImportError):
        import pandas

        yield "pandas", pandas.DataFrame(data)
    with contextlib.suppress(ImportError):
        import polars

        yield "polars", polars.DataFrame(data)


def first_calls():
    """(work, CPU seconds) of a first fit in a new process, without a code cache and with one."""
    for n in (442, 200_000):
        with tempfile.TemporaryDirectory() as folder:
            environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
            for words in ("nothing compiled yet", "from the code cache"):
                command = [sys.executable, "-c", FIRST, str(n)]
                out = subprocess.run(
                    command, env=environment, capture_output=True, text=True, check=True
                )
                yield f"{size(n, 10)}, first fit, {words} (CPU)", float(out.stdout)


def table(budget):
    rows = ["| | linreg_fast | over beside | scikit-learn | numpy normal equations |"]
    rows.append("|---|---:|---:|---:|---:|")
    for work, calls, load in lines(np.random.default_rng(0), budget):
        print(work, file=sys.stderr, flush=True)
        with busy() if load else contextlib.nullcontext():
            found = medians(calls, budget)
        ours = found["ours"]
        beside = f"{ours / found['beside']:.2f}" if "beside" in found else ""
        peers = [
            f"{written(found[name])} ({found[name] / ours:.1f})" if name in found else ""
            for name in ("scikit-learn", "numpy")
        ]
        rows.append(f"| {work} | {written(ours)} | {beside} | {' | '.join(peers)} |")
    rows += [f"| {work} | {written(taken)} | | | |" for work, taken in first_calls()]
    return f"Measured on: {described()}.\n\n" + "\n".join(rows)


def described():
    """The machine in a few words."""
    known = machine()
    return ", ".join(f"{name} {known[name]}" for name in ("model", "processor", "vector", "cores"))


def main(arguments):
    warnings.simplefilter("ignore")
    found = table(0.2 if "--quick" in arguments else BUDGET)
    print(found)
    if "--readme" in arguments:
        write_section("people", found)


if __name__ == "__main__":
    main(sys.argv[1:])
