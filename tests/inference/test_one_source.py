"""The same number wherever it is asked for: score, inference, the command line, the pictures."""

import json

import numpy as np
import pytest

from linreg_fast import LinearRegression, cli, moments
from linreg_fast.inference import intervals


@pytest.mark.parametrize("offset", [0.0, 1e6])
@pytest.mark.parametrize("weighted", [False, True])
def test_r2_and_mse(rng, capsys, tmp_path, offset, weighted):
    X = rng.normal(size=(70, 2)) + offset
    y = X @ [2.0, -1.0] + rng.normal(size=70)
    w = rng.uniform(0.5, 2, 70) if weighted else None
    model = LinearRegression().fit(X, y, w)
    found = model.inference(X, y, w)
    by_moments = LinearRegression().fit_moments(moments(X, y, w)).inference()
    assert by_moments.r2 == pytest.approx(found.r2, rel=1e-12)
    digits = 1e-12 if offset == 0 else 1e-8  # of a coefficient's rounding times the offset
    assert model.score(X, y, w) == pytest.approx(found.r2, rel=digits)
    mse = found.rss / found.basis.weight_sum
    table, out, sure = (tmp_path / name for name in ("t.csv", "m.json", "s.json"))
    columns = [X[:, 0], X[:, 1], y, np.ones(70) if w is None else w]
    lines = [",".join(map(repr, row)) for row in np.column_stack(columns).tolist()]
    table.write_text("a,b,y,w\n" + "\n".join(lines))
    options = ["--weights", "w"] if weighted else ["--exclude", "w"]
    for more in ([], ["--summary", "--json", str(sure)]):
        arguments = ["fit", str(table), "--target", "y", *options, "--out", str(out), *more]
        assert cli.main(arguments) == 0
        details = json.loads(out.read_text())["details"]
        assert details["r2"] == pytest.approx(found.r2, rel=1e-12)
        assert details["mse"] == pytest.approx(mse, rel=1e-12)
        printed = capsys.readouterr().out
        assert f"{found.r2:.6f}" in printed or f"{found.r2:.6g}" in printed
    assert json.loads(sure.read_text())["r2"] == pytest.approx(found.r2, rel=1e-12)
    assert cli.main(["score", str(out), str(table), *options[: 2 * weighted]]) == 0
    printed = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert float(printed["R2"]) == pytest.approx(found.r2, abs=2e-6)
    assert float(printed["MSE"]) == pytest.approx(mse, rel=1e-5)


def test_without_an_intercept_both_kinds_are_named(rng, capsys, tmp_path):
    X = rng.normal(size=(30, 1)) + 3
    y = 2 * X[:, 0] + rng.normal(size=30)
    model = LinearRegression(fit_intercept=False).fit(X, y)
    found = model.inference()
    left = y - model.predict(X)
    assert model.score(X, y) == pytest.approx(1 - left @ left / ((y - y.mean()) ** 2).sum())
    assert found.r2 == pytest.approx(1 - left @ left / (y @ y))
    table = tmp_path / "t.csv"
    np.savetxt(
        table, np.column_stack([X, y]), delimiter=",", header="x,y", comments="", fmt="%.17g"
    )
    assert cli.main(["fit", str(table), "--target", "y", "--no-intercept"]) == 0
    assert f"R2         {model.score(X, y):.6f} (about the mean" in capsys.readouterr().out
    assert cli.main(["fit", str(table), "--target", "y", "--no-intercept", "--summary"]) == 0
    assert f"R2 (uncentred) = {found.r2:>10.6f}" in capsys.readouterr().out


@pytest.mark.parametrize("weighted", [False, True])
def test_bands_are_the_intervals_of_inference(rng, weighted):
    X = rng.normal(size=(40, 1)) * 3 + 50
    y = 2 * X[:, 0] + rng.normal(size=40)
    w = rng.uniform(0.5, 2, 40) if weighted else None
    model = LinearRegression().fit(X, y, w)
    grid = np.linspace(40, 60, 7)[:, None]
    found = model.inference(X, y, w)
    mse = found.rss / found.basis.weight_sum
    mean_weight = found.basis.weight_sum / 40
    expected = found.predict(grid, 0.9, sample_weight=mean_weight)
    bands = intervals(model.moments_, mse, grid, 0.9)
    np.testing.assert_allclose(bands.confidence, expected.mean_high - expected.mean, rtol=1e-9)
    np.testing.assert_allclose(bands.prediction, expected.high - expected.mean, rtol=1e-9)
    displays = pytest.importorskip("linreg_fast.displays")
    pytest.importorskip("matplotlib", reason="pictures need the extra 'plot'")
    display = displays.FitDisplay.from_estimator(model, X, y, w, level=0.9)
    at = found.predict(display.grid[:, None], 0.9, sample_weight=mean_weight)
    np.testing.assert_allclose(display.prediction, at.high - at.mean, rtol=1e-9)
    displays.pyplot().close("all")
