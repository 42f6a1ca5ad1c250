"""Inside other people's programs: each case for real, in a process of its own."""

import compileall
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

import linreg_fast

HOSTS = Path(__file__).with_name("hosts.py")
PACKAGE = Path(linreg_fast.__file__).parent
LAYERS = ["omp", "workqueue", "tbb"]
GROUPS = {
    "threads": "threads executor joblib_threading dask_threads nested_in_prange many_fits",
    "children": "fork_pool fork_of_a_fork fork_beside_threads joblib_multiprocessing",
    "processes": "spawn_pool joblib_loky dask_processes",
    "dask workers": "dask_worker_threads dask_worker_processes",
}
posix = pytest.mark.skipif(os.name != "posix", reason="forks and signals are POSIX's")


def run(*command, timeout=240, cwd=None, **environment):
    environment = os.environ | {"PYTHONWARNINGS": "default"} | environment
    return subprocess.run(
        [sys.executable, *map(str, command)],
        env=environment,
        cwd=cwd,
        timeout=timeout,
        capture_output=True,
        text=True,
    )


@posix
@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("group", GROUPS)
def test_right_in_every_host(layer, group):
    libraries = os.path.join(sys.prefix, "lib")  # where a wheel puts tbb, and no loader looks
    path = os.pathsep.join(filter(None, (libraries, os.environ.get("LD_LIBRARY_PATH"))))
    names = GROUPS[group].split()
    done = run(HOSTS, *names, NUMBA_THREADING_LAYER=layer, LD_LIBRARY_PATH=path)
    if "No threading layer could be loaded" in done.stderr:
        pytest.skip(f"numba finds no {layer} threading layer here")
    last = done.stdout.split("\n")[-2:]
    assert done.returncode == 0, f"{layer}, {last}: {done.returncode}\n{done.stderr[-2000:]}"


# The compiled code of one kernel is enough to see what its cache does.
ONE_KERNEL = textwrap.dedent(
    """
    import numpy as np
    from linreg_fast import mse
    from linreg_fast.kernels import jit
    found = mse(np.ones((50, 2)), np.zeros(50), [1.0, 2.0], 0.5, rung="jit")
    print(found, sum(jit.mse_block.stats.cache_hits.values()))
    """
)


@pytest.fixture
def installed(tmp_path):
    """A copy of the package, and a function that runs ONE_KERNEL with it."""
    copy = tmp_path / "site" / "linreg_fast"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    home = tmp_path / "home"
    home.mkdir()

    def start(code=ONE_KERNEL, **environment):
        environment = {
            "PYTHONPATH": str(copy.parent),
            "HOME": str(home),
            "XDG_CACHE_HOME": str(home / "cache"),
            "NUMBA_CACHE_DIR": "",
        } | environment
        return run("-c", code, cwd=home, **environment)

    start.package, start.home, start.tmp_path = copy, home, tmp_path
    return start


def value(done, hits=None):
    """What the kernel found; with whether the code came from the cache."""
    assert done.returncode == 0, done.stderr
    found, from_cache = done.stdout.split()
    if hits is not None:
        assert int(from_cache) == hits, done.stderr
    return float(found)


@pytest.mark.needs_jit
def test_a_second_process_finds_the_code_of_the_first(installed):
    assert value(installed(), hits=0) == 12.25
    done = installed()
    assert value(done, hits=1) == 12.25
    assert "cannot be kept" not in done.stderr


@pytest.mark.needs_jit
def test_code_that_others_link_is_found_too(installed):
    """By another caller, which is compiled; a caller that was compiled before wants none of it."""
    begin = "import numpy as np; from linreg_fast.kernels import doubledouble, few; "
    hits = "sum(doubledouble.two_sum.stats.cache_hits.values())"
    again = begin + f"print(few.solve_again(np.ones((4, 2)), np.full((1, 1), 2.0))[0, 0], {hits})"
    solve = (
        f"{begin}found, products = np.empty((2, 1)), np.zeros((2, 2, 2)); "
        "products[0] = [[4, 8], [8, 20]]; few.solve(np.zeros((2, 2)), products, found, few.room(1))"
        f"; print(found[0, 0], {hits})"
    )
    assert value(installed(again), hits=0) == 2.0
    assert value(installed(solve), hits=1) == 2.0
    assert value(installed(solve), hits=0) == 2.0


def block_folders(installed):
    """Files where the cache's folders would be: nobody, root included, can write there."""
    (installed.package / "__pycache__").write_text("")
    (installed.home / "cache").write_text("")


@pytest.mark.needs_jit
@pytest.mark.parametrize("given", [False, True])
def test_no_folder_can_be_written(installed, given):
    block_folders(installed)
    folder = str(installed.home / "cache" / "below") if given else ""
    done = installed(NUMBA_CACHE_DIR=folder)
    assert value(done, hits=0) == 12.25
    assert done.stderr.count("cannot be kept on disk") == 1


@pytest.mark.needs_jit
def test_no_home(installed):
    (installed.package / "__pycache__").write_text("")
    done = installed(HOME="", XDG_CACHE_HOME="")
    assert value(done) == 12.25
    assert not Path("~").exists()


@pytest.mark.needs_jit
def test_a_read_only_installation_uses_the_users_folder(installed):
    (installed.package / "__pycache__").write_text("")
    assert value(installed(), hits=0) == 12.25
    assert list((installed.home / "cache").rglob("*.code"))
    assert value(installed(), hits=1) == 12.25


@posix
@pytest.mark.needs_jit
def test_a_full_disk(installed):
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
    done = installed(limit + ONE_KERNEL)
    assert value(done, hits=0) == 12.25
    assert done.stderr.count("cannot be kept on disk") == 1
    assert not list(installed.package.rglob("*.code"))


@pytest.mark.needs_jit
@pytest.mark.parametrize("damage", ["empty", "truncated", "flipped", "folder"])
def test_damaged_files_are_compiled_again(installed, damage, rng):
    value(installed())
    files = list(installed.package.rglob("*.code"))
    assert files
    for file in files:
        content = bytearray(file.read_bytes())
        if damage == "empty":
            content = b""
        elif damage == "truncated":
            content = content[: rng.integers(1, len(content))]
        elif damage == "flipped":
            content[rng.integers(len(content))] ^= 1 << rng.integers(8)
        file.unlink()
        if damage == "folder":
            file.mkdir()
        else:
            file.write_bytes(content)
    assert value(installed(), hits=0) == 12.25
    if damage != "folder":
        assert value(installed(), hits=1) == 12.25  # and mended


@pytest.mark.needs_jit
def test_changed_sources_are_never_served_old_code(installed):
    """A callee in another file than its caller, with the size and time that it had."""
    caller = ONE_KERNEL.replace("(50, 2)", "(40_000, 2)").replace("(50)", "(40_000)")
    caller = caller.replace('"jit"', '"parallel"')
    assert value(installed(caller)) == 12.25
    target = installed.package / "kernels" / "jit.py"
    before, text = target.stat(), target.read_text()
    changed = text.replace(
        "loss += (a * a + b * b) + (c * c + d * d)", "loss += (a + a + b + b) + (c + c + d + d)"
    )
    assert len(changed) == len(text)
    assert changed != text
    target.write_text(changed)
    os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert value(installed(caller)) == 7.0


TWO_OF_ONE_NAME = textwrap.dedent(
    """
    import numpy as np
    from linreg_fast.kernels.first import here as a
    from linreg_fast.kernels.second import here as b
    found = a.block(np.ones(3)) + 10 * b.block(np.ones(3))
    print(found, sum(h for k in (a, b) for h in k.block.stats.cache_hits.values()))
    """
)


@pytest.mark.needs_jit
def test_two_modules_of_one_base_name_have_code_of_their_own(installed):
    """And a callee in another folder is not served old code."""
    body = """
from linreg_fast.kernels.{other} import {module}
from linreg_fast.kernels.compile import strict

@strict
def block(x):
    return {module}.part(x) * {times}
"""
    part = """
from linreg_fast.kernels.compile import inner

@inner
def part(x):
    return x[0] + {more}
"""
    for name, times in (("first", 2.0), ("second", 3.0)):
        folder = installed.package / "kernels" / name
        folder.mkdir()
        (folder / "__init__.py").write_text("")
        (folder / "here.py").write_text(body.format(other="third", module="parts", times=times))
    third = installed.package / "kernels" / "third"
    third.mkdir()
    (third / "__init__.py").write_text("")
    (third / "parts.py").write_text(part.format(more=1))
    assert value(installed(TWO_OF_ONE_NAME), hits=0) == 64.0
    assert value(installed(TWO_OF_ONE_NAME), hits=2) == 64.0
    before = (third / "parts.py").stat()
    (third / "parts.py").write_text(part.format(more=2))
    os.utime(third / "parts.py", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert value(installed(TWO_OF_ONE_NAME), hits=0) == 96.0


@pytest.mark.needs_jit
def test_an_edit_above_leaves_the_code_below_in_the_cache(installed):
    assert value(installed(), hits=0) == 12.25
    with open(installed.package / "kernels" / "descent.py", "a") as file:
        file.write("\n# another line\n")
    assert value(installed(), hits=1) == 12.25


@pytest.mark.needs_jit
def test_code_of_a_package_in_a_zip_file(installed):
    """It is kept in the user's folder, or in the one that NUMBA_CACHE_DIR names."""
    archive = shutil.make_archive(str(installed.tmp_path / "site"), "zip", installed.package.parent)
    for environment in ({}, {"NUMBA_CACHE_DIR": str(installed.tmp_path / "code")}):
        assert value(installed(PYTHONPATH=archive, **environment), hits=0) == 12.25
        done = installed(PYTHONPATH=archive, **environment)
        assert value(done, hits=1) == 12.25
        assert "cannot be kept" not in done.stderr


@pytest.mark.needs_jit
def test_code_without_sources_is_kept(installed):
    """Compiled modules alone, as some images have them."""
    compileall.compile_dir(installed.package, quiet=1, legacy=True)
    for path in installed.package.rglob("*.py"):
        path.unlink()
    assert value(installed(), hits=0) == 12.25
    assert value(installed(), hits=1) == 12.25


@pytest.mark.needs_jit
def test_many_processes_at_once(installed):
    environment = os.environ | {
        "PYTHONPATH": str(installed.package.parent),
        "HOME": str(installed.home),
        "NUMBA_CACHE_DIR": str(installed.tmp_path / "code"),
    }
    started = [
        subprocess.Popen(
            [sys.executable, "-c", ONE_KERNEL],
            env=environment,
            cwd=installed.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(6)
    ]
    for process in started:
        out, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        assert out.split()[0] == "12.25"
        assert errors == ""
    assert value(installed(NUMBA_CACHE_DIR=str(installed.tmp_path / "code")), hits=1) == 12.25


LONG_CALLS = {
    "fits": """
X = rng.normal(size=(1_000_000, 60))
def call():
    for _ in range(500):
        linreg_fast.LinearRegression().fit(X, X[:, 0])
""",
    "double-double": """
X = rng.normal(size=(2_000_000, 60))
model.precision = "double-double"
def call():
    model.fit(X, X[:, 0])
""",
    "singular values": """
X = rng.normal(size=(6_000, 1500))
model.solver = "svd"
def call():
    model.fit(X, X[:, 0])
""",
    "descent on moments": """
X = rng.normal(size=(1000, 50)) + 9
model = linreg_fast.GradientDescentRegressor(tol=0, max_iter=9, learning_rate=1e-9)
def call():
    model.fit(X, X[:, 0])
""",
    "descent on rows": """
X = rng.normal(size=(1_000_000, 20))
model = linreg_fast.GradientDescentRegressor(tol=0, max_iter=9, space="data")
def call():
    model.fit(X, X[:, 0])
""",
    "bench": """
import linreg_fast.cli
def call():
    return linreg_fast.cli.main(["bench", "--n", "300000", "--p", "80"])
""",
}
BEGIN = """
import time
import numpy as np
import linreg_fast
rng = np.random.default_rng(0)
model = linreg_fast.LinearRegression()
"""
END = """
small = rng.normal(size=(30, 2))
model.fit(small, small[:, 0])
if hasattr(model, "max_iter"):
    model.max_iter = 10**9
before = dict(vars(model))
print("ready", flush=True)
try:
    code = call()
    assert code == 130, "ended before it was interrupted"
except KeyboardInterrupt:
    pass
now = time.monotonic()
assert list(vars(model)) == list(before)
assert all(vars(model)[name] is before[name] for name in before)
print(now, flush=True)
"""


@posix
@pytest.mark.needs_jit
@pytest.mark.parametrize("call", LONG_CALLS)
def test_ctrl_c_is_answered_within_half_a_second(call, rng):
    script = BEGIN + LONG_CALLS[call] + END
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline().strip() == "ready", process.stderr.read()
    time.sleep(rng.uniform(0.1, 0.3))
    sent = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    answered = float(out.split()[-1])
    assert answered - sent < 0.5


SMALL_FITS = textwrap.dedent(
    """
    import os, signal, threading, time
    import numpy as np
    from linreg_fast import LinearRegression
    rng = np.random.default_rng()
    X, y = rng.normal(size=(442, 10)), rng.normal(size=442)
    model = LinearRegression().fit(X, y)
    for _ in range(20):
        threading.Timer(rng.uniform(0.005, 0.02), os.kill, (os.getpid(), signal.SIGINT)).start()
        try:
            while True:
                model.fit(X, y)
        except KeyboardInterrupt:
            model.coef_[0]
    print("interrupted")
    """
)


@posix
@pytest.mark.needs_jit
def test_ctrl_c_between_small_fits_is_a_keyboard_interrupt():
    """Numba makes a SystemError of one that comes while it boxes what a function returns."""
    done = run("-c", SMALL_FITS)
    assert (done.returncode, done.stdout.strip()) == (0, "interrupted"), done.stderr


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


@posix
@pytest.mark.needs_jit
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("shape", [(3_000_000, 10), (300_000, 90)])
def test_a_fit_needs_under_a_twentieth_of_the_data(shape, dtype, order):
    weighted = dtype == "float64"
    done = run("-c", MEMORY.format(shape=shape, dtype=dtype, order=order, weighted=weighted))
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 0.05


def test_memory_that_is_not_there(monkeypatch, rng):
    """A MemoryError on the way leaves the estimator as it was, and the next fit works."""
    from linreg_fast import LinearRegression
    from linreg_fast.kernels import launch

    X = rng.normal(size=(90_000, 5))
    model = LinearRegression().fit(X[:100], X[:100, 0])
    before = dict(vars(model))
    with monkeypatch.context() as patched:
        patched.setattr(launch, "count_blocks", lambda *args, **kwargs: 10**13)
        with pytest.raises(MemoryError):
            model.fit(X, X[:, 0])
    assert vars(model) == before
    np.testing.assert_allclose(model.fit(X, X[:, 0]).coef_, [1, 0, 0, 0, 0], atol=1e-12)


@pytest.mark.needs_jit
def test_the_environment_and_the_threads_are_left_as_found():
    code = """
import os
import numba
import numpy as np
import sklearn.linear_model  # puts variables of its own there
before = dict(os.environ)
from linreg_fast import LinearRegression
X = np.random.rand(90_000, 70)
LinearRegression(n_jobs=1).fit(X, X[:, 0])
LinearRegression().fit(X, X[:, 0])
assert dict(os.environ) == before
assert numba.get_num_threads() == numba.config.NUMBA_NUM_THREADS
import threadpoolctl
blas = [i for i in threadpoolctl.threadpool_info() if i["user_api"] == "blas"]
assert {i["num_threads"] for i in blas} == {os.cpu_count()}
"""
    done = run("-c", code, OPENBLAS_NUM_THREADS=str(os.cpu_count()))
    assert done.returncode == 0, done.stderr
