"""What a fit needs beside the data, and what happens where memory is short."""

import textwrap

import numpy as np
import pytest
from processes import posix, run
from variants import ODD

MEMORY = textwrap.dedent(
    """
    import resource, sys
    import numpy as np
    from linreg_fast import LinearRegression
    rng = np.random.default_rng(0)
    n, p = {shape}
    X = rng.random((n, p) if "{order}" == "C" else (p, n), dtype=np.{dtype})
    X = X if "{order}" == "C" else X.T
    y = rng.random(n)
    few = n // 20  # loads the code for this layout
    weights = rng.random(n) if {weighted} else None
    some = None if weights is None else weights[:few]
    LinearRegression().fit(np.array(X[:few], order="{order}"), y[:few], some)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    model = LinearRegression().fit(X, y, weights)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print((after - before) / X.nbytes)
    """
)

# Few columns and many have kernels of their own; which of them are of which kind, the seed says.
SHAPES = [(3_000_000, 10), (300_000, 90)]


@posix
@pytest.mark.slow
@pytest.mark.needs_jit
@pytest.mark.parametrize(
    ("dtype", "order", "shape"),
    [
        ("float64", "C", SHAPES[ODD]),
        ("float64", "F", SHAPES[not ODD]),
        ("float32", "C", SHAPES[not ODD]),
        ("float32", "F", SHAPES[ODD]),
    ],
)
def test_a_fit_needs_under_a_twentieth_of_the_data(shape, dtype, order):
    weighted = dtype == "float64"
    done = run("-c", MEMORY.format(shape=shape, dtype=dtype, order=order, weighted=weighted))
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 0.05


def test_memory_that_is_not_there(monkeypatch, rng):
    """A MemoryError on the way leaves the estimator as it was, and the next fit works."""
    from linreg_fast import LinearRegression
    from linreg_fast.runtime import launch

    X = rng.normal(size=(90_000, 5))
    model = LinearRegression().fit(X[:100], X[:100, 0])
    before = dict(vars(model))
    with monkeypatch.context() as patched:
        patched.setattr(launch, "count_blocks", lambda *args, **kwargs: 10**13)
        with pytest.raises(MemoryError):
            model.fit(X, X[:, 0])
    assert vars(model) == before
    np.testing.assert_allclose(model.fit(X, X[:, 0]).coef_, [1, 0, 0, 0, 0], atol=1e-12)
