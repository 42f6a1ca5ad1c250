"""The data that people have, drawn: correlated columns, dummies, frames, many targets, sparse rows.

And the load of others: as many processes that compute as there are cores.
"""

import contextlib
import os
import subprocess
import sys

import numpy as np

LOAD = """
import os
parent = os.getppid()
while os.getppid() == parent:  # which may be ended without a word
    for _ in range(100000): pass
"""


def columns(rng, n, p, condition=1.0):
    """(X, y): normal columns whose condition number, centred and of unit norm, is about that."""
    Z = rng.normal(size=(n, p))
    if condition > 1:
        left, right = (np.linalg.qr(rng.normal(size=(p, p)))[0] for _ in range(2))
        Z = Z @ (left * np.geomspace(1, 1 / condition, p)) @ right.T
    X = np.ascontiguousarray(Z / Z.std(axis=0) + 3)
    return X, X @ rng.normal(size=p) + rng.normal(size=n)


def dummies(rng, n, groups, numbers, trap):
    """(X, y): two factors as zeros and ones, and numbers; trap: all levels of both factors."""
    parts = [rng.normal(size=(n, numbers))]
    for _ in range(2):
        codes = rng.integers(0, groups, n)
        parts.append(np.eye(groups)[codes][:, 0 if trap else 1 :])
    X = np.hstack(parts)
    return X, X @ rng.normal(size=X.shape[1]) + rng.normal(size=n)


def targets(rng, n, p, t):
    """(X, Y) with t targets."""
    X, _ = columns(rng, n, p)
    return X, X @ rng.normal(size=(p, t)) + rng.normal(size=(n, t))


def sparse(rng, n, p, share):
    """(X, y): CSR, of whose numbers a share is not zero."""
    from scipy.sparse import random

    X = random(n, p, share, "csr", random_state=int(rng.integers(1 << 31)))
    return X, X @ rng.normal(size=p) + rng.normal(size=n)


def frames(X):
    """(library, frame) of the libraries that are installed, a column of memory each."""
    data = {f"x{j}": np.ascontiguousarray(column) for j, column in enumerate(X.T)}
    with contextlib.suppress(ImportError):
        import pandas

        yield "pandas", pandas.DataFrame(data)
    with contextlib.suppress(ImportError):
        import polars

        yield "polars", polars.DataFrame(data)


def cores():
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


@contextlib.contextmanager
def load():
    """As many processes that compute as there are cores."""
    command = [sys.executable, "-c", LOAD]
    others = []
    try:
        for _ in range(cores() or 1):
            others.append(subprocess.Popen(command))
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()
