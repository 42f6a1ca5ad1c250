"""The command line on many files and large ones: the model of all rows, in batches."""

import importlib.util
import json

import numpy as np
import pytest
from command_line import run_with_warnings as run

from linreg_fast import LinearRegression, Moments
from linreg_fast.cli import streaming


@pytest.fixture
def parts(tmp_path, rng):
    """A folder of three CSV files and their rows: text beside numbers, two gaps."""
    folder = tmp_path / "parts"
    folder.mkdir()
    X = rng.normal(size=(90, 2)) + np.array([1e6, 0])
    y = X @ [2.0, -1.0] + rng.normal(size=90)
    for k in range(3):
        lines = ["note,a,b,y"]
        for j in range(30 * k, 30 * k + 30):
            (a, b), gap = X[j].tolist(), j in (4, 70)
            lines.append(f"n{j},{a!r},{'' if gap else repr(b)},{float(y[j])!r}")
        (folder / f"{k}.csv").write_text("\n".join(lines) + "\n")
    kept = np.delete(np.arange(90), [4, 70])
    return folder, X[kept], y[kept]


def test_folders_patterns_and_lists(capsys, parts, tmp_path):
    folder, X, y = parts
    expected = LinearRegression(precision="double-double").fit(X, y)
    out = tmp_path / "m.json"
    given = ([folder], [f"{folder}/*.csv"], [folder / f"{k}.csv" for k in range(3)])
    for data in given:
        code, text, error = run(capsys, "fit", *data, "--target", "y", "--out", out)
        assert code == 0, error
        model = json.loads(out.read_text())
        assert model["features"] == ["a", "b"]
        np.testing.assert_allclose(model["coef"], expected.coef_, rtol=1e-12)
        details = model["details"]
        assert (details["n_samples"], details["rows_left_out"]) == (88, 2)
        assert details["r2"] == pytest.approx(expected.score(X, y), rel=1e-9)
        assert "read       90 rows, 3 files, 2 dropped" in text
        assert "rows       88 (2 left out for missing values)" in text
        assert "column of text is left out: note" in error
    for file in folder.iterdir():
        file.write_text("a,b,y\n1,2,5\n3,1,5\n4,,6\n")
    code, text, error = run(capsys, "fit", folder, "--target", "y")
    assert (code, text) == (2, "")
    assert "is 5 in all 6 rows that are left (3 have a missing value): there is nothing" in error


def test_gaps_of_many_files(capsys, parts):
    folder = parts[0]
    code, _, error = run(capsys, "fit", folder, "--target", "y", "--missing", "raise")
    assert code == 2
    assert "0.csv, line 6: column 'b' has a missing value" in error


def test_a_large_file_is_read_in_batches(capsys, parts, monkeypatch):
    path = parts[0] / "0.csv"
    outputs = []
    for large in (1 << 30, 1):
        monkeypatch.setattr(streaming, "LARGE", large)
        code, text, _ = run(capsys, "fit", path, "--target", "y")
        assert code == 0
        outputs.append(text)
    small, large = (text.split("R2")[0].split() for text in outputs)
    assert [word for word in small if word.isalpha()] == [w for w in large if w.isalpha()]
    assert "read       30 rows, 1 file, 1 dropped" in outputs[1]
    assert "read       " not in outputs[0]
    formula = ("--formula", "y ~ poly(a, 2)")
    if importlib.util.find_spec("formulaic"):
        code, text, _ = run(capsys, "fit", path, *formula)
        assert code == 0  # polynomials are orthogonal to those of all rows
        assert "read       " not in text


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--target", "z"], "0.csv has no column 'z'"),
        (["--target", "y", "--cluster", "nothe"], "has no column 'nothe'"),
        (["--target", "y", "--plot", "a.png"], "--plot needs the rows of one file in memory"),
        (["--target", "y", "--features", "a,note"], "column 'note' holds text"),
        (["--target", "y", "--solver", "x"], "unknown solver 'x'"),
        (["--target", "y", "--weights", "a", "--exclude", "b"], "no columns to explain 'y' by"),
    ],
)
def test_what_cannot_be_fitted_in_batches(capsys, parts, options, says):
    code, _, error = run(capsys, "fit", parts[0], *options)
    assert code == 2
    assert says in error


def test_one_bad_file_among_good_ones(capsys, parts):
    folder = parts[0]
    (folder / "1b.csv").write_text("a,y\n1,2\n")
    code, _, error = run(capsys, "fit", folder, "--target", "y")
    assert (code, "1b.csv has no column 'b'" in error) == (2, True)
    (folder / "1b.csv").write_text("a,b,y\n1,2,3\n1,2,x\n")
    code, _, error = run(capsys, "fit", folder, "--target", "y")
    assert (code, "1b.csv, line 3 ('x'): column 'y' holds text" in error) == (2, True)
    (folder / "1b.csv").write_text("")
    code, _, error = run(capsys, "fit", folder, "--target", "y")
    assert (code, "1b.csv is empty" in error) == (2, True)


def test_constant_and_dependent_columns_are_named(capsys, tmp_path):
    for k in range(2):
        rows = "".join(f"{j},{2 * j},7,{j * j + k}\n" for j in range(10))
        (tmp_path / f"{k}.csv").write_text("a,b,c,y\n" + rows)
    code, text, error = run(capsys, "fit", tmp_path, "--target", "y")
    assert code == 0
    assert "their coefficients are 0: c" in error
    assert "columns a, b depend on each other" in error
    assert "rank       1 of 3" in text


def test_moments_and_merge(capsys, parts, tmp_path):
    folder, X, y = parts
    files = []
    for k in range(3):
        files.append(tmp_path / f"{k}.json")
        options = ("--target", "y", "--out", files[-1])
        code, text, _ = run(capsys, "moments", folder / f"{k}.csv", *options)
        assert code == 0
        assert "moments of y by a, b" in text
    code, text, _ = run(capsys, "merge", *files)
    assert code == 0
    expected = LinearRegression(precision="double-double").fit(X, y)
    found = [float(line.split()[1]) for line in text.splitlines()[2:5]]
    np.testing.assert_allclose(found, [*expected.coef_, expected.intercept_], rtol=1e-9)
    assert "rows       88" in text
    code, text, _ = run(capsys, "merge", *files[:2], "--out", tmp_path / "c.json")
    assert (code, "58 rows of 2 files" in text or "59 rows" in text) == (0, True)
    again = run(capsys, "merge", tmp_path / "c.json", files[2])[1]
    assert again.split("rank")[0] == run(capsys, "merge", *files)[1].split("rank")[0]
    assert Moments.load(tmp_path / "c.json").n_features == 2


def test_moments_that_cannot_be_merged(capsys, parts, tmp_path):
    folder = parts[0]
    a, b, c = (tmp_path / f"{name}.json" for name in "abc")
    run(capsys, "moments", folder, "--target", "y", "--out", a)
    run(capsys, "moments", folder, "--target", "y", "--features", "b,a", "--out", b)
    c.write_text("{}")
    for files, says in (
        ((a, b), "b.json is of 'y' by b, a, and"),
        ((b, a), "(sum both up with --features b,a)"),
        ((a, a), "named twice"),
        ((a, c), "c.json: not a linreg_fast.moments file"),
        ((a, tmp_path / "d.json"), "No such file"),
    ):
        code, _, error = run(capsys, "merge", *files)
        assert (code, says in error) == (2, True), error
    code, _, error = run(capsys, "moments", folder, "--target", "y", "--out", tmp_path / "no/a")
    assert (code, "no folder" in error) == (2, True)


def test_predictions_for_many_files(capsys, parts, tmp_path):
    folder = parts[0]
    model, out = tmp_path / "m.json", tmp_path / "p.csv"
    run(capsys, "fit", folder, "--target", "y", "--out", model)
    code, text, _ = run(capsys, "predict", model, f"{folder}/*.csv")
    assert code == 0
    lines = text.splitlines()
    assert (lines[0], len(lines), lines[5], lines[71]) == ("y", 91, "", "")
    code, text, _ = run(capsys, "predict", model, folder, "--out", out)
    assert (code, "90 predictions written" in text) == (0, True)
    assert out.read_text().splitlines() == lines
    one = run(capsys, "predict", model, folder / "0.csv")[1].splitlines()
    assert one == lines[:31]  # to the last digit
    code, _, error = run(capsys, "predict", model, folder, "--missing", "raise", "--out", out)
    assert (code, "0.csv, line 6: column 'b' holds a missing value" in error) == (2, True)
    assert out.read_text().splitlines() == lines


def test_kept_columns_and_intervals_of_many_files_are_those_of_one(capsys, parts, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra 'arrow'")
    folder, model = parts[0], tmp_path / "m.json"
    run(capsys, "fit", folder, "--target", "y", "--out", model)
    first = folder / "0.csv"
    first.write_text(first.read_text() + "\n")  # a blank line is a row without values
    asked = ("--keep", "note,b", "--interval", "prediction", "--level", "0.9")
    whole = []
    for path in sorted(folder.iterdir()):
        head, *rows = run(capsys, "predict", model, path, *asked)[1].splitlines()
        whole += [row.split(",") for row in rows]
    text, many = tmp_path / "p.csv", tmp_path / "p.parquet"
    for out in (text, many):
        assert run(capsys, "predict", model, folder, *asked, "--out", out)[0] == 0
    assert text.read_text().splitlines()[0] == head == "note,b,y,low,high"
    found = [line.split(",") for line in text.read_text().splitlines()[1:]]
    assert [row[:3] for row in found] == [row[:3] for row in whole]
    numbers = [
        [[float(cell or "nan") for cell in row[2:]] for row in rows] for rows in (found, whole)
    ]
    np.testing.assert_allclose(*numbers, rtol=1e-9)
    table = parquet.read_table(many)
    assert [str(kind) for kind in table.schema.types] == ["string"] * 2 + ["double"] * 3
    columns = [table[name].to_numpy() for name in ("y", "low", "high")]
    np.testing.assert_array_equal(np.column_stack(columns), numbers[0])
    code, _, error = run(capsys, "predict", model, folder, "--keep", "nothing")
    assert (code, "0.csv has no column 'nothing'" in error) == (2, True)
    code, _, error = run(capsys, "predict", model, folder, "--out", tmp_path / "p.feather")
    assert (code, "written as CSV or Parquet" in error) == (2, True)


def test_a_merged_model_predicts(capsys, parts, tmp_path):
    """With intervals, as a fit to all of its rows does."""
    files = sorted(parts[0].iterdir())
    sums = [tmp_path / f"{file.stem}.json" for file in files]
    for file, out in zip(files, sums, strict=True):
        run(capsys, "moments", file, "--target", "y", "--out", out)
    code, text, _ = run(capsys, "merge", *sums, "--model", tmp_path / "m.json")
    assert (code, text.splitlines()[-1]) == (0, f"written to {tmp_path / 'm.json'}")
    run(capsys, "fit", parts[0], "--target", "y", "--out", tmp_path / "whole.json")
    asked = (files[1], "--interval", "confidence")
    found, expected = (
        [
            [float(cell or "nan") for cell in line.split(",")]
            for line in run(capsys, "predict", tmp_path / name, *asked)[1].splitlines()[1:]
        ]
        for name in ("m.json", "whole.json")
    )
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    same = (*sums, "--model", tmp_path / "a", "--out", tmp_path / "a")
    assert (run(capsys, "merge", *same)[0], (tmp_path / "a").exists()) == (2, False)


def test_a_summary_of_many_files_is_that_of_one(tmp_path, rng, capsys):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(rng.normal(size=(300, 2)), columns=["area", "price"])
    frame.insert(0, "id", np.arange(300))
    frame.to_csv(tmp_path / "whole.csv", index=False)
    frame[:100].to_csv(tmp_path / "part1.csv", index=False)
    frame[100:].to_csv(tmp_path / "part2.csv", index=False)
    asked = ["--target", "price", "--summary", "--cov", "HC3", "--json"]
    code, _, told = run(capsys, "fit", tmp_path / "whole.csv", *asked, tmp_path / "a.json")
    parts = [tmp_path / "part1.csv", tmp_path / "part2.csv"]
    again, out, err = run(capsys, "fit", *parts, *asked, tmp_path / "b.json")
    assert code == again == 0
    assert (told + err).count("nothing but the number of the row is left out: id") == 2
    one, many = (json.loads((tmp_path / f"{name}.json").read_text()) for name in "ab")
    assert one["names"] == many["names"] == ["intercept", "area"]
    np.testing.assert_allclose(many["se"], one["se"], rtol=1e-12)
    assert "HC3" in out
    assert "2 files" in out


def test_score_of_folders_and_patterns(capsys, parts, tmp_path):
    folder, X, y = parts
    out = tmp_path / "m.json"
    assert run(capsys, "fit", folder, "--target", "y", "--out", out)[0] == 0
    whole = LinearRegression(precision="double-double").fit(X, y)
    expected, left = whole.score(X, y), ((y - whole.predict(X)) ** 2).mean()
    for data in ([folder], [f"{folder}/*.csv"], sorted(folder.iterdir())):
        code, text, error = run(capsys, "score", out, *data)
        assert code == 0, error
        lines = dict(line.split(maxsplit=1) for line in text.splitlines())
        assert float(lines["R2"]) == pytest.approx(expected, abs=1e-6)
        assert float(lines["MSE"]) == pytest.approx(left, rel=1e-5)
        assert lines["rows"] == "88 (2 left out for missing values)"
    code, _, error = run(capsys, "score", out, folder, "--missing", "raise")
    assert code == 2
    assert "0.csv, line 6: column 'b' has a missing value" in error


@pytest.fixture(scope="module")
def houses(tmp_path_factory):
    """A table with groups, clusters and gaps as one file, and in three files."""
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng()
    n, folder = 240, tmp_path_factory.mktemp("houses")
    frame = pd.DataFrame({"area": rng.normal(80, 9, n), "rooms": rng.integers(1, 5, n)})
    frame["city"] = rng.choice(["Oslo", "Rome", "Bonn"], n)
    frame["firm"] = rng.integers(0, 30, n)
    frame["year"] = rng.integers(2001, 2013, n)
    frame["n"] = rng.integers(0, 4, n)  # rows of weight 0 are not left out for a gap
    frame["price"] = frame.area * 2 + rng.normal(size=n) * 5 + 300
    frame.loc[5, "area"] = frame.loc[2, "price"] = frame.loc[120, "firm"] = np.nan
    frame.loc[17, "city"], frame.loc[2, "city"] = None, "Lima"  # in a row that is not fitted
    frame.to_csv(folder / "whole.csv", index=False)
    (folder / "parts").mkdir()
    for k in range(3):
        frame[80 * k : 80 * (k + 1)].to_csv(folder / f"parts/{k}.csv", index=False)
    return folder


@pytest.mark.parametrize(
    "options",
    [
        ["--target", "price", "--features", "area,rooms", "--cluster", "firm"],
        ["--target", "price", "--categorical", "city", "--cluster", "firm,year"],
        ["--target", "price", "--features", "area", "--categorical", "city", "--weights", "n",
         "--weights-are", "frequency", "--cov", "HC3"],
        ["--target", "price", "--features", "area,rooms", "--weights", "n"],
        ["--formula", "price ~ center(area) * C(city) + C(rooms)", "--cluster", "firm"],
        ["--formula", "log(price) ~ scale(area) + city", "--weights", "n", "--lags", "2"],
    ],
)  # fmt: skip
def test_groups_clusters_and_formulas_of_many_files(capsys, houses, tmp_path, options):
    if "--formula" in options:
        pytest.importorskip("formulaic", reason="formulas need the extra 'formula'")
    found = []
    for data in ("whole.csv", "parts"):
        out, table = tmp_path / f"{data}.m", tmp_path / f"{data}.json"
        code, _, error = run(
            capsys, "fit", houses / data, *options, "--out", out, "--json", table
        )  # fmt: skip
        assert code == 0, error
        tests = run(capsys, "diagnose", out, houses / data)
        weights = ["--weights", "n"] if "--weights" in options else []
        scores = run(capsys, "score", out, houses / data, *weights)[1].splitlines()[:3]
        lines = run(capsys, "predict", out, houses / data, "--unseen", "nan")[1].splitlines()
        assert len(lines) == 241
        numbers = [float(line or "nan") for line in lines[1:]]
        found.append((json.loads(table.read_text()), numbers, scores, tests[1].splitlines()[:9]))
    one, many = found
    for name in ("names", "rows_left_out", "df", "categories", "groups"):
        assert one[0].get(name) == many[0].get(name), name
    for name in ("coef", "se", "p", "loglik"):
        np.testing.assert_allclose(
            np.array(many[0][name], float), np.array(one[0][name], float), rtol=1e-7, atol=1e-14
        )
    np.testing.assert_allclose(many[1], one[1], rtol=1e-8)
    assert many[2:] == one[2:]
