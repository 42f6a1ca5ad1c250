"""The tables of many fits at once: every row is right, and measured beside the others."""

import json

import numpy as np
import pytest

from linreg_fast import cli
from linreg_fast.bench import many, many_ways
from linreg_fast.bench.affordable import affordable_rows
from linreg_fast.bench.agreement import compared
from linreg_fast.bench.cases import MANY, PROBLEMS, flops, rows

SHAPES = {"groups": (500, 2), "rolling": (600, 2), "cv": (120, 3), "screen": (90, 40)}
SHAPES["p_values"] = (60, 3)


def draw(rng, problem):
    n, p = SHAPES[problem]
    X = rng.normal(3, 1, (n, p))
    if problem == "p_values":
        return X, X[:, :2] + rng.normal(size=(n, 2))
    return X, X[:, 0] + rng.normal(size=n)


@pytest.mark.parametrize("problem", MANY)
def test_every_row_is_right(rng, problem):
    X, y = draw(rng, problem)
    table = rows(problem, peers=True)
    assert table[0].name.startswith("linreg_fast")
    assert any("scikit-learn" in row.name for row in table)
    for row in table:
        answer = row.solve(X, y)
        found, allowed = compared(problem, row, X, y, answer)
        assert found <= allowed, row.name
        wrong = tuple(part + 1e-3 * (1 + np.abs(part)) for part in answer)
        assert compared(problem, row, X, y, wrong)[0] > allowed
    assert flops(problem, *X.shape) > 0


def test_scaled_only_where_that_is_fair(rng):
    X, y = draw(rng, "cv")
    assert affordable_rows("cv", rows("cv")[0], X, y) == len(X)
    assert many.draw("p_values", 30, 2, True)[2].shape == (30, 2000)
    assert many_ways.window_of(10_000, 3) == many_ways.WINDOW
    assert len(many_ways.compared_windows(10_000, 3)) == many_ways.COMPARED
    assert not set(MANY) & set(PROBLEMS)  # they are measured when asked for
    for problem in MANY:
        (n, p), (fewer, _) = many.shape_of(problem, False), many.shape_of(problem, True)
        assert n > fewer
        assert p > 0


def test_on_the_command_line(capsys, tmp_path):
    pytest.importorskip("rich")
    path = tmp_path / "r.json"
    options = ["--n", "300", "--p", "2", "--seconds", "0.01", "--json", str(path)]
    assert cli.main(["bench", "--quick", "--problem", "groups,p_values", *options]) == 0
    tables = json.loads(path.read_text())["tables"]
    assert [table["problem"] for table in tables] == ["groups", "p_values"]
    assert tables[1]["rows"][0]["name"] == "linreg_fast fit_targets"
    out = capsys.readouterr().out
    assert "a fit for each group of 50 rows" in out
    assert "p values of many targets, 2000 targets, 300 x 2" in out
    assert cli.main(["bench", "--problem", "windows"]) == 2
    assert "screen" in capsys.readouterr().err
