"""Fits on clusters of processes and of threads: the same bits whatever becomes of the workers."""

import contextlib
import os
import signal
import sys
import threading
import time

import numpy as np
import pytest
from processes import posix

import linreg_fast
from linreg_fast import LinearRegression

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
distributed = pytest.importorskip("distributed")

# What Dask's event loops leave behind when a cluster is closed under them is Dask's.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs_jit,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@contextlib.contextmanager
def cluster_of(processes, n_workers=2):
    with (
        distributed.LocalCluster(
            n_workers=n_workers, threads_per_worker=1, processes=processes, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield cluster, client


@pytest.fixture(scope="module")
def processes():
    with cluster_of(True) as (_, client):
        yield client


@pytest.fixture
def rows(rng):
    X = rng.normal(size=(1000, 3)) + 1e8
    return da.from_array(X, chunks=(100, 3)), da.from_array(X.sum(axis=1), chunks=100)


def fitted(X, y):
    with dask.config.set(scheduler="synchronous"):
        return LinearRegression().fit(X, y)


def same_bits(model, expected):
    return np.array_equal(model.coef_, expected.coef_) and all(
        np.array_equal(a, b)
        for a, b in zip(model.moments_.parts, expected.moments_.parts, strict=True)
    )


def with_trouble(X, what):
    """X, in whose block 5 `what` happens; by value, since workers cannot import this module."""

    def block(values, block_id):
        if block_id[0] == 5:
            what()
        return values

    return X.map_blocks(block, dtype=X.dtype, meta=np.empty((0, 0)))


def once(path, what):
    """Happens the first time only, in whichever process."""

    def first():
        import os

        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return
        what()

    return first


def end():
    def ends():
        import os

        os._exit(1)

    return ends


def fail():
    def fails():
        raise OSError("the store did not answer")

    return fails


def wait(seconds):
    def waits():
        import time

        time.sleep(seconds)

    return waits


def numbers(X, y, frame):
    """What is asked of the rows again, and of a formula whose function no pickle holds."""
    model = LinearRegression().fit(X, y)
    found = model.influence(X, y)
    formula = LinearRegression.from_formula(
        "y ~ f(x) * city", frame, context={"f": lambda x: x - 1e8}
    )
    return [
        formula.coef_,
        formula.predict(frame).compute().to_numpy(),
        model.inference(X, y, cov="HC3").se,
        *dask.compute(found.cooks, found.dfbetas),
        [found.press, model.diagnostics(X, y).white.lm],
    ]


def test_what_reads_the_rows_again(rows, processes, rng):
    pytest.importorskip("formulaic", reason="the extra 'formula'")
    dd, pd = pytest.importorskip("dask.dataframe"), pytest.importorskip("pandas")
    X, y = rows[0], rows[1] + da.sin(1e3 * rows[0][:, 0])
    table = pd.DataFrame({"x": rng.normal(size=200) + 1e8, "y": rng.normal(size=200)})
    frame = dd.from_pandas(table.assign(city=rng.choice(["Oslo", "Rome"], 200)), npartitions=3)
    with dask.config.set(scheduler="synchronous"):
        expected = numbers(X, y, frame)
    for a, b in zip(numbers(X, y, frame), expected, strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_same_bits_on_all_schedulers(rows, processes):
    expected = fitted(*rows)
    assert same_bits(LinearRegression().fit(*rows), expected)
    for name in ("threads", "synchronous"):
        with dask.config.set(scheduler=name):
            assert same_bits(LinearRegression().fit(*rows), expected)
    with cluster_of(False):
        assert same_bits(LinearRegression().fit(*rows), expected)
    np.testing.assert_allclose(
        expected.predict(rows[0]).compute(), expected.predict(rows[0].compute())
    )


def test_workers_start_no_threads(rows, processes):
    processes.run(linreg_fast.warmup, verbose=False)

    def count():
        import threading

        from linreg_fast.runtime.launch import threading_layer

        return threading_layer(), threading.active_count()

    before = processes.run(count)
    X = da.random.default_rng(0).normal(size=(400_000, 10), chunks=(100_000, 10))
    LinearRegression().fit(X, X.sum(axis=1))
    assert processes.run(count) == before


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="peaks are counted in kB there")
@pytest.mark.parametrize("kind", ["arrays", "frames"])
def test_memory(processes, kind):
    """A worker holds at most 15 blocks, and this process nothing of them."""

    def peak():
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # MB

    def fit(n, blocks):
        X = da.random.default_rng(0).normal(size=(n * blocks, 10), chunks=(n, 10))
        if kind == "arrays":
            LinearRegression().fit(X, X[:, 0].rechunk(n + n // 3))
        else:
            LinearRegression().fit(dd.from_dask_array(X, columns=list("abcdefghij")), "j")

    dd = pytest.importorskip("dask.dataframe")
    fit(1000, 4)  # imports, and compiles
    workers, here = processes.run(peak), peak()
    fit(200_000, 40)
    block = 200_000 * 10 * 8 / 2**20
    grown = [after - workers[worker] for worker, after in processes.run(peak).items()]
    assert max(grown) < 15 * block
    assert peak() - here < 10


@posix
def test_a_worker_that_dies_is_replaced(rows, processes, tmp_path):
    expected = fitted(*rows)
    X = with_trouble(rows[0], once(str(tmp_path / "died"), end()))
    assert same_bits(LinearRegression().fit(X, rows[1]), expected)
    assert (tmp_path / "died").exists()


def test_a_block_that_always_kills_its_worker(rows, processes, monkeypatch):
    # Dask starts four workers for it by default, which import everything.
    monkeypatch.setattr(processes.cluster.scheduler, "allowed_failures", 0)
    model = LinearRegression().fit([[1.0], [2.0]], [1.0, 2.0])
    before = dict(vars(model))
    with pytest.raises(RuntimeError, match="has ended one Dask worker after the other"):
        model.fit(with_trouble(rows[0], end()), rows[1])
    assert vars(model) == before


def test_retries(rows, processes, tmp_path):
    X = with_trouble(rows[0], once(str(tmp_path / "a"), fail()))
    with pytest.raises(OSError, match="the store did not answer"):
        LinearRegression().fit(X, rows[1])
    X = with_trouble(rows[0], once(str(tmp_path / "b"), fail()))
    with dask.annotate(retries=2):
        assert same_bits(LinearRegression().fit(X, rows[1]), fitted(*rows))


def test_bad_numbers_are_named_from_a_worker(rows, processes):
    X = da.where(da.arange(1000, chunks=100)[:, None] == 333, np.nan, rows[0])
    with pytest.raises(
        ValueError,
        match=r"in block 3 \(from row 300 of all on\): X contains NaN at row 33, column 0",
    ):
        LinearRegression().fit(X, rows[1])


@posix
def test_ctrl_c(rows, processes):
    model = LinearRegression().fit([[1.0], [2.0]], [1.0, 2.0])
    before = dict(vars(model))
    X = with_trouble(rows[0], wait(5))
    timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, rows[1])
    assert time.monotonic() - start < 4.5
    assert vars(model) == before


@pytest.mark.parametrize("which", ["client", "cluster", "restart"])
def test_closed_or_restarted_midway(rows, which):
    model = LinearRegression().fit([[1.0], [2.0]], [1.0, 2.0])
    before = dict(vars(model))
    with cluster_of(True, 1) as (cluster, client):  # each worker imports everything
        X = with_trouble(rows[0], wait(5))
        ends = {"client": client.close, "cluster": cluster.close, "restart": client.restart}[which]
        timer = threading.Timer(1.0, ends)
        timer.start()
        with pytest.raises(RuntimeError, match="was closed, restarted or lost during the fit"):
            model.fit(X, rows[1])
        timer.join()
        assert vars(model) == before
