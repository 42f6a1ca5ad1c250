"""What the compiler made of it, from a warm cache and from none; where nothing is compiled."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from linreg_fast.bench import cases, code, explain
from linreg_fast.kernels import RUNGS
from linreg_fast.kernels.arithmetic.simd import VECTORS

needs_jit = pytest.mark.needs_jit


@needs_jit
@pytest.mark.parametrize("problem", ["mse", "gradient", "moments"])
@pytest.mark.parametrize("rung", ["jit", "tiled"])
def test_the_hot_loop_does_the_arithmetic(problem, rung):
    X, y = cases.generate(2000, 4)
    for _ in range(2 if problem == "mse" else 1):  # the second time nothing is new
        found = explain.explain(problem, rung, X, y, with_remarks=False)
        facts = found["hot"]["facts"]
        assert facts["vector"] + facts["scalar"] > 0
        assert facts["instructions"] >= facts["vector"] + facts["scalar"]
        assert len(found["hot"]["lines"]) >= facts["instructions"]
        json.dumps(found)


@needs_jit
def test_tiled_is_in_vectors_and_the_plain_loop_is_not():
    X, y = cases.generate(2000, 10)
    plain = explain.explain("mse", "jit", X, y, with_remarks=False)["hot"]["facts"]
    tiled = explain.explain("mse", "tiled", X, y, with_remarks=False)["hot"]["facts"]
    assert tiled["vector"] > 0
    assert tiled["flops per instruction"] > 2 * plain["flops per instruction"]


@needs_jit
def test_a_fit_is_its_moments_and_the_bound_has_its_arithmetic():
    X, y = cases.generate(2000, 10)
    found = explain.explain("fit", "tiled", X, y, with_remarks=False)
    assert (found["asked"], found["problem"]) == ("fit", "moments")
    bound = found["bound"]
    assert bound["sentence"].startswith("bound by ")
    assert {"memory", "multiply-adds", "loads"} == set(bound["seconds"])
    assert bound["seconds"]["memory"] > 0
    # The sums of sums, whose blocks are joined now and then, have no products.
    assert found["hot"]["facts"]["products"] > 0
    plain = explain.explain("mse", "loops", X, y)["bound"]
    assert "the interpreter" in plain["sentence"]
    assert plain["measured"] > max(plain["seconds"].values())


def test_rungs_that_are_not_compiled_say_so():
    X, y = cases.generate(50, 2)
    assert "bytecode" in explain.explain("mse", "loops", X, y)["hot"]["error"]
    assert "NumPy" in explain.explain("mse", "vectorized", X, y)["hot"]["error"]


def test_the_way_is_that_of_the_shape():
    for shape, order, way in (
        ((2000, 1), "C", "one_column"),
        ((2000, 4), "C", "by_rows"),
        ((2000, 4), "F", "by_columns"),
    ):
        X = np.ones(shape, order=order)
        assert way in explain.way_of("gradient", "tiled", X, np.ones(len(X)))[0]
    X = np.ones((2000, 40))
    assert "doubled" in explain.way_of("moments", "compensated", X, np.ones(2000))[0]
    assert explain.way_of("moments", "jit", X, np.ones(2000))[1] == RUNGS["jit"].why


@pytest.mark.parametrize(
    ("problem", "rung", "told"),
    [("speed", "tiled", "speed"), ("mse", "warp", "warp")],
)
def test_unknown_names(problem, rung, told):
    X, y = cases.generate(50, 2)
    with pytest.raises(ValueError, match=told):
        explain.explain(problem, rung, X, y)


def run(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "linreg_fast", "explain", *map(str, arguments)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_without_compiling_it_says_so():
    done = run("mse", "jit", "--n", 50, "--p", 2, NUMBA_DISABLE_JIT="1")
    assert done.returncode == 0, done.stderr
    assert "NUMBA_DISABLE_JIT is set" in done.stdout


@needs_jit
@pytest.mark.slow
def test_from_no_cache_with_the_source_and_remarks(tmp_path):
    out = tmp_path / "explained.json"
    done = run("mse", "jit", "--n", 50, "--p", 3, "--json", out, NUMBA_CACHE_DIR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "from the compiler" in done.stdout
    found = json.loads(out.read_text())["source"]
    assert found["file"].endswith("jit.py")
    assert any("not vectorized" in said for *_, remarks in found["source"] for said in remarks)
    assert sum(count for _, _, count, _ in found["source"]) > 0


@needs_jit
@pytest.mark.slow
def test_code_of_tables_comes_from_another_process():
    table = {"problem": "mse", "n_samples": 300, "n_features": 3, "dtype": "float64"}
    rows = [{"name": name} for name in RUNGS]
    found = code.of_tables([{**table, "rows": rows}])
    assert [one["rung"] for one in found] == ["jit", "parallel", "tiled", "compensated"]
    assert all(one["hot"]["facts"]["instructions"] > 3 for one in found)


def test_the_vectors_are_known():
    assert (os.environ.get("NUMBA_DISABLE_JIT", "0") in ("0", "")) == VECTORS
