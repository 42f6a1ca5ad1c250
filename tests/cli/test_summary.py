"""The analyst's command line: tables of coefficients, formulas, clusters, weights, diagnosis."""

import csv
import io
import json
import pathlib

import numpy as np
import pandas as pd
import pytest
from command_line import run

from linreg_fast import LinearRegression
from linreg_fast.cli.model_file import Model

CASE = pathlib.Path(__file__).parents[1] / "inference" / "data" / "mtcars.json"

pytestmark = pytest.mark.filterwarnings("default")  # as on the command line: printed


@pytest.fixture
def cars(tmp_path, rng):
    """(path, frame) of a table with factors, gaps, clusters and weights."""
    n = 90
    frame = pd.DataFrame(
        {
            "model": [f"car {k}" for k in range(n)],
            "cyl": rng.choice([4, 6, 8], n),
            "hp": rng.integers(60, 300, n),
            "wt": rng.uniform(1.5, 5, n),
            "gear": rng.choice(["manual", "auto", "cvt"], n),
            "maker": rng.choice(["Audi", "BMW", "Fiat", "Kia", "VW", "Opel"], n),
            "year": rng.integers(1970, 1983, n),
            "sold": rng.integers(1, 6, n),
        }
    )
    frame["mpg"] = 37 - 3.5 * frame.wt - 0.02 * frame.hp + 2 * rng.normal(size=n)
    frame["hp"] = frame["hp"].astype(float)
    frame.loc[5, "hp"] = np.nan
    frame.loc[[10, 50], "gear"] = None
    frame.loc[20, "maker"] = None
    path = tmp_path / "cars.csv"
    frame.to_csv(path, index=False, na_rep="NA")
    return path, frame


@pytest.fixture
def mtcars(tmp_path):
    """R's table with its clusters, and the exact numbers of the fit on wt, hp and qsec."""
    content = json.loads(CASE.read_text())
    data = content["data"]
    frame = pd.DataFrame(data["X"], columns=data["columns"])
    frame["mpg"] = data["y"]
    frame["cyl"], frame["carb"] = data["clusters"]["cyl"], data["clusters"]["carb"]
    path = tmp_path / "mtcars.csv"
    frame.to_csv(path, index=False)
    return path, content["expected"]["exact"]


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ([], ["classical"]),
        (["--cov", "HC3"], ["HC3"]),
        (["--cluster", "cyl"], ["clusters", "cyl", "CR1S"]),
        (["--cluster", "cyl,carb"], ["clusters", "cyl_carb", "CR1S_min"]),
        (["--cluster", "cyl,carb", "--two-way", "each"], ["clusters", "cyl_carb", "CR1S"]),
        (["--lags", "3"], ["hac", "lag3"]),
        (["--lags", "3", "--small-sample"], ["hac", "lag3_adjusted"]),
    ],
    ids=lambda value: "_".join(value).replace("--", ""),
)
@pytest.mark.parametrize("formula", [False, True])
def test_the_numbers_of_r(capsys, mtcars, tmp_path, options, where, formula):
    path, expected = mtcars
    columns = ["--target", "mpg", "--features", "wt,hp,qsec"]
    if formula:
        pytest.importorskip("formulaic", reason="formulas need the extra 'formula'")
        columns = ["--formula", "mpg ~ wt + hp + qsec"]
    out, table = tmp_path / "o.json", tmp_path / "o.csv"
    files = ("--summary", "--json", out, "--csv", table)
    code, text, _ = run(capsys, "fit", path, *columns, *options, *files)
    assert code == 0
    assert max(map(len, text.splitlines())) <= 80 + len(str(out))  # the last line names the files
    exact = expected
    for key in where:
        exact = exact[key]
    found = json.loads(out.read_text())
    for ours, theirs in (("se", "se"), ("t", "t"), ("p", "p"), ("log_p", "log_p")):
        numbers = np.array(found[ours], float)  # null where a two-way variance is negative
        np.testing.assert_allclose(numbers, np.array(exact[theirs], float), rtol=1e-9)
    for ours, theirs in (("r2", "r2"), ("adj_r2", "adj_r2"), ("aic", "aic_r"), ("sigma", "sigma")):
        assert found[ours] == pytest.approx(float(expected[theirs]), rel=1e-10)
    rows = list(csv.DictReader(io.StringIO(table.read_text())))
    assert [row["name"] for row in rows] == ["intercept", "wt", "hp", "qsec"]
    interval = [[float(row[end] or "nan") for end in ("low", "high")] for row in rows]
    np.testing.assert_allclose(interval, np.array(exact["ci95"], float), rtol=1e-9)


def test_factors_gaps_clusters_and_weights(capsys, cars, tmp_path):
    smf = pytest.importorskip("statsmodels.formula.api")
    pytest.importorskip("formulaic", reason="formulas need the extra 'formula'")
    path, frame = cars
    formula, out = "mpg ~ wt * hp + C(cyl) + gear", tmp_path / "o.json"
    options = ("--formula", formula, "--cluster", "maker", "--json", out)
    tests = "wt - 2*hp = 1, wt:hp = 0", "gear,wt:hp"
    code, text, error = run(capsys, "fit", path, *options, "--test", tests[0], "--test", tests[1])
    assert code == 0
    assert "4 of 90 rows are left out" in error
    assert "gear (2), maker (1)" in error
    whole = frame.dropna()
    theirs = smf.ols(formula, whole).fit(
        cov_type="cluster",
        cov_kwds={"groups": whole.maker.astype("category").cat.codes},
        use_t=True,
    )
    found = json.loads(out.read_text())
    order = [name.replace("intercept", "Intercept") for name in found["names"]]
    np.testing.assert_allclose(found["coef"], theirs.params[order], rtol=1e-8)
    np.testing.assert_allclose(found["se"], theirs.bse[order], rtol=1e-8)
    assert found["rows_left_out"] == 4
    assert found["terms"]["names"] == ["wt", "hp", "C(cyl)", "gear", "wt:hp"]
    assert "Tests of terms, type III" in text
    assert [each["test"] for each in found["tests"]] == list(tests)
    asked = tests[0], "gear[T.cvt] = 0, gear[T.manual] = 0, wt:hp = 0"
    for own, restrictions in zip(found["tests"], asked, strict=True):
        expected = theirs.f_test(restrictions)
        assert own["f"] == pytest.approx(expected.fvalue, rel=1e-7)
        assert own["p"] == pytest.approx(expected.pvalue, rel=1e-7)
        assert f"test of {own['test']}: F({own['df'][0]}, " in text
    # The same groups without a formula, and weights that are counts.
    options = ("--target", "mpg", "--features", "wt", "--categorical", "cyl", "--json", out)
    weights = ("--weights", "sold", "--weights-are", "frequency")
    code, text, _ = run(capsys, "fit", path, *options, *weights)
    assert code == 0
    assert "Weights: frequency" in text
    repeated = frame.loc[frame.index.repeat(frame.sold)]
    theirs = smf.ols("mpg ~ wt + C(cyl)", repeated).fit()
    found = json.loads(out.read_text())
    np.testing.assert_allclose(found["se"], theirs.bse.iloc[[0, 3, 1, 2]], rtol=1e-8)
    assert found["terms"]["names"] == ["wt", "cyl"]
    assert found["terms"]["df"] == [1, 2]
    options = ("--target", "mpg", "--features", "wt", "--csv", "-", "--weights", "sold")
    code, text, _ = run(capsys, "fit", path, *options, "--level", ".9")
    theirs = smf.wls("mpg ~ wt", frame, weights=frame.sold).fit()
    rows = list(csv.DictReader(io.StringIO(text)))
    interval = [[float(row["low"]), float(row["high"])] for row in rows]
    np.testing.assert_allclose(interval, theirs.conf_int(0.1), rtol=1e-8)


@pytest.mark.parametrize("cov", ["classical", "HC3"])
def test_predictions_with_intervals(capsys, cars, tmp_path, cov):
    pytest.importorskip("formulaic", reason="formulas need the extra 'formula'")
    path, frame = cars
    out = tmp_path / "m.json"
    formula = "log(mpg) ~ center(wt) + C(cyl)*hp"
    code, _, error = run(capsys, "fit", path, "--formula", formula, "--cov", cov, "--out", out)
    assert code == 0, error
    model = LinearRegression.from_formula(formula, frame, missing="drop")
    X = model._design.matrix(frame)
    whole = ~np.isnan(X).any(axis=1)
    rows = (frame,) if cov != "classical" else ()
    expected = model.inference(*rows, cov=cov).predict(X[whole], 0.9)
    for kind, low, high in (
        ("prediction", expected.low, expected.high),
        ("confidence", expected.mean_low, expected.mean_high),
    ):
        options = ("--interval", kind, "--level", "0.9", "--keep", "model")
        code, text, error = run(capsys, "predict", out, path, *options)
        assert code == 0
        assert "missing values in 1 of 90 rows" in error
        found = list(csv.reader(io.StringIO(text)))
        assert found[0] == ["model", "log(mpg)", "low", "high"]
        assert found[6] == ["car 5", "", "", ""]
        numbers = np.array([row[1:] for row in found[1:] if row[1]], dtype=float)
        np.testing.assert_allclose(numbers[:, 0], model.predict(frame)[whole], rtol=1e-10)
        np.testing.assert_allclose(numbers[:, 1:], np.column_stack([low, high]), rtol=1e-8)
    code, text, _ = run(capsys, "score", out, path)
    assert f"R2    {model.score(frame):.6f}" in text
    other = frame.assign(cyl=5)
    other.to_csv(tmp_path / "other.csv", index=False)
    code, text, error = run(capsys, "predict", out, tmp_path / "other.csv")
    assert (code, text) == (2, "")
    assert "a level that the fit has not seen: it knows 4, 6, 8" in error


@pytest.mark.parametrize("formula", [False, True])
def test_diagnose(capsys, cars, tmp_path, formula):
    pytest.importorskip("matplotlib", reason="pictures need the extra 'plot'")
    path, frame = cars
    columns = ["--target", "mpg", "--features", "wt,hp", "--weights", "sold"]
    if formula:
        pytest.importorskip("formulaic", reason="formulas need the extra 'formula'")
        columns = ["--formula", "mpg ~ wt + hp", "--weights", "sold"]
    model, picture, lines = (tmp_path / name for name in ("m.json", "four.png", "rows.csv"))
    assert run(capsys, "fit", path, *columns, "--out", model)[0] == 0
    options = ("--plot", picture, "--out", lines)
    code, text, error = run(capsys, "diagnose", model, path, *options)
    assert code == 0, error
    assert picture.stat().st_size > 20_000
    X, y, w = (frame[names].to_numpy() for names in (["wt", "hp"], "mpg", "sold"))
    expected = LinearRegression(missing="drop").fit(X, y, w)
    influence = expected.influence(X, y, w)
    rows = list(csv.DictReader(io.StringIO(lines.read_text())))
    assert [int(row["row"]) for row in rows] == (influence.index + 1).tolist()
    for name in ("leverage", "cooks", "rstudent", "dffits"):
        found = [float(row[name]) for row in rows]
        np.testing.assert_allclose(found, getattr(influence, name), rtol=1e-8)
    watson = expected.diagnostics(X, y, w).durbin_watson
    assert f"{watson:.5g}"[:5] in text
    flagged = influence.flagged()
    assert f"{len(flagged)} of 89 rows stand out" in text
    assert max(map(len, text.splitlines()[:-2])) <= 80
    code, again, _ = run(capsys, "fit", path, *columns, "--diagnose", "--plot", picture)
    assert code == 0
    first = text.index("Residuals")
    assert text[first : text.index("a line for each row")] in again + "\n"
    few = tmp_path / "few.csv"
    frame[:40].to_csv(few, index=False)
    code, text, error = run(capsys, "diagnose", model, few)
    assert (code, text) == (2, "")
    assert "these are not the rows of the fit: it had 89" in error


def test_models_without_sums_say_so(capsys, cars, tmp_path):
    path, _ = cars
    out = tmp_path / "m.json"
    options = ("--target", "mpg", "--features", "wt,hp", "--out", out)
    assert run(capsys, "fit", path, *options, "--solver", "nnls")[0] == 0
    for command in (("predict", "--interval", "prediction"), ("diagnose",)):
        code, text, error = run(capsys, command[0], out, path, *command[1:])
        assert (code, text) == (2, "")
        assert "keeps no sums" in error
    code, _, error = run(capsys, "fit", path, *options, "--solver", "nnls", "--summary")
    assert code == 2
    assert "positive=True" in error
    assert run(capsys, "fit", path, *options)[0] == 0
    content = json.loads(out.read_text())
    assert content["version"] == 1  # which older versions read
    for wrong, message in (
        ({"certainty": 3}, "'certainty' must hold moments"),
        ({"certainty": {"moments": {}}}, "moments"),
        ({"formula": {"text": 3}}, "'formula' must hold a formula"),
    ):
        out.write_text(json.dumps(content | wrong))
        code, _, error = run(capsys, "predict", out, path, "--interval", "prediction")
        assert code == 2
        assert message in error
    unsafe = {
        "columns": ["wt"],
        "names": ["wt"],
        "slices": [],
        "levels": {},
        "state": {"pairs": []},
    }
    kinds = {"wt": "number"}
    formula = {"text": "wt ~ np.load(wt)", "left": unsafe, "right": unsafe, "kinds": kinds}
    out.write_text(json.dumps(content | {"formula": formula}))
    if pytest.importorskip("formulaic"):
        code, _, error = run(capsys, "predict", out, path)
        assert code == 2
        assert "more than arithmetic" in error


WRONG = [
    (["--cov", "robust"], "R's sandwich takes HC3 for it, Stata HC1"),
    (["--cov", "CR1"], "needs groups"),
    (["--cov", "HC3", "--cluster", "maker"], "groups go with CR0"),
    (["--level", "95"], "did you mean 0.95?"),
    (["--lags", "-1"], "0 or more"),
    (["--lags", "5000"], "is not below the"),
    (["--cluster", "makr"], "did you mean 'maker'?"),
    (["--cluster", "maker,year,gear"], "one or two columns, got maker, year, gear"),
    (["--weights-are", "frequency"], "name their column"),
    (["--weights", "sold", "--weights-are", "importance"], "analytic, frequency, sampling"),
    (["--weights", "sold", "--weights-are", "pweight"], "Stata's pweight are 'sampling'"),
    (["--two-way", "each"], "--two-way is for two-way clusters: --cluster city,year"),
    (["--psd", "--cluster", "maker"], "--psd is for two-way clusters"),
    (["--json", "a.json", "--csv", "a.json"], "name the same file"),
    (["--test", "wtt = 0", "--json", "a.json"], "there is no 'wtt'"),
    (["--test", ""], "--test says nothing"),
    (["--json", "no/where.json"], "there is no folder"),
    (["--formula", "mpg ~ wt"], "leave --target out"),
]


@pytest.mark.parametrize(("options", "message"), WRONG, ids=[message for _, message in WRONG])
def test_wrong_options_end_with_a_sentence(capsys, cars, monkeypatch, tmp_path, options, message):
    monkeypatch.chdir(tmp_path)
    if "--formula" in options:
        pytest.importorskip("formulaic", reason="formulas need the extra 'formula'")
        columns = ["--target", "hp"]
    else:
        columns = ["--target", "mpg", "--features", "wt,hp"]
    code, text, error = run(capsys, "fit", cars[0], *columns, *options)
    assert (code, text) == (2, "")
    assert message in error.splitlines()[-1]
    assert not (tmp_path / "a.json").exists()


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("mpg ~ wtt", "did you mean 'wt'?"),
        ("mpg ~ wt +", "Operator"),
        ("mpg ~ i.cyl", "write C(cyl) for groups"),
        ("mpg ~ wt##cyl", "a##b is a * b"),
        ("wt + hp", "has no target"),
        ("mpg ~ I(wt.__class__)", "more than arithmetic"),
        ("gear ~ wt", "'gear', the target, does not hold numbers"),
        ("mpg ~ log(cyl - 4)", "the formula is not defined there"),
    ],
)
def test_wrong_formulas_end_with_a_sentence(capsys, cars, formula, message):
    pytest.importorskip("formulaic", reason="formulas need the extra 'formula'")
    code, text, error = run(capsys, "fit", cars[0], "--formula", formula)
    assert (code, text) == (2, "")
    assert message in error.splitlines()[-1]


def test_rows_are_called_by_their_place_in_the_table(capsys, cars):
    pytest.importorskip("formulaic", reason="formulas need the extra 'formula'")
    path, frame = cars
    row = int(np.flatnonzero((frame.hp > 0) & (frame.wt < 2.5))[0]) + 1
    frame.loc[0, "hp"] = np.nan  # is left out, and the rows below keep their numbers
    frame.to_csv(path, index=False)
    row = int(np.flatnonzero((frame.hp > 0) & (frame.wt <= 2.5))[0]) + 1
    code, _, error = run(capsys, "fit", path, "--formula", "mpg ~ log(wt - 2.5) + hp")
    assert code == 2
    assert f"in row {row}:" in error


def test_the_dot_leaves_out_what_other_options_take(capsys, cars, tmp_path):
    pytest.importorskip("formulaic", reason="formulas need the extra 'formula'")
    out = tmp_path / "m.json"
    options = ("--exclude", "model", "--cluster", "maker", "--weights", "sold", "--out", out)
    code, _, error = run(capsys, "fit", cars[0], "--formula", "mpg ~ .", *options)
    assert code == 0, error
    assert set(Model.load(out).columns) == {"cyl", "hp", "wt", "gear", "year"}


def test_diagnose_of_frequencies_is_that_of_rows_written_out(capsys, cars, tmp_path):
    path, frame = cars
    written = tmp_path / "written.csv"
    frame = frame.dropna(subset=["hp"])
    frame.loc[frame.index.repeat(frame.sold)].to_csv(written, index=False)
    options = ("--target", "mpg", "--features", "wt,hp")
    counted = (*options, "--weights", "sold", "--weights-are", "frequency")
    out, other = tmp_path / "m.json", tmp_path / "other.json"
    code, at_once, error = run(capsys, "fit", path, *counted, "--diagnose", "--out", out)
    assert code == 0, error
    assert run(capsys, "fit", written, *options, "--out", other)[0] == 0
    found, expected = (
        run(capsys, "diagnose", *given)[1].splitlines() for given in ((out, path), (other, written))
    )
    for name in ("Residuals  ", "Breusch-Pagan (K", "White", "Jarque-Bera", "PRESS"):
        (own,), (theirs,) = ([line for line in text if name in line] for text in (found, expected))
        assert own == theirs
        assert own in at_once
    assert any("Durbin-Watson" in line and "undefined" in line for line in found)
    assert max(map(len, found)) <= 80


@pytest.mark.parametrize("command", ["diagnose", "fit"])
def test_pictures_name_the_rows_of_the_table(capsys, cars, tmp_path, monkeypatch, command):
    pytest.importorskip("matplotlib", reason="pictures need the extra 'plot'")
    from linreg_fast.displays import diagnosis

    path, frame = cars
    frame.loc[60, "mpg"] += 80  # behind the row that is left out, line 61 of the rows
    frame.to_csv(path, index=False)
    named = []
    names = diagnosis._names

    def look(ax, *given):
        names(ax, *given)
        named.append({text.get_text() for text in ax.texts})

    monkeypatch.setattr(diagnosis, "_names", look)
    options = ("--target", "mpg", "--features", "wt,hp")
    out, picture = tmp_path / "m.json", tmp_path / "four.png"
    if command == "fit":
        code, _, error = run(capsys, "fit", path, *options, "--diagnose", "--plot", picture)
    else:
        assert run(capsys, "fit", path, *options, "--out", out)[0] == 0
        code, _, error = run(capsys, "diagnose", out, path, "--plot", picture)
    assert code == 0, error
    assert len(named) == 4
    assert all("61" in each for each in named)
