"""Formulas: the same fits as statsmodels', what frames are taken, and what is refused."""

import json
import pickle

import numpy as np
import pandas as pd
import pytest

from linreg_fast import LinearRegression

pytest.importorskip("formulaic", reason="formulas need the extra 'formula'")

FORMULAS = [
    "price ~ area * C(city) + rooms",
    "log(price) ~ log(area) + city:rooms",
    "price ~ C(rooms) + I(area**2) + city - 1",
    "price ~ 0 + city",
    "price ~ area:rooms",
]


@pytest.fixture
def flats(rng):
    n = 80
    frame = pd.DataFrame(
        {
            "area": rng.uniform(30, 120, n),
            "rooms": rng.integers(1, 5, n),
            "city": rng.choice(["Oslo", "Rome", "Bonn"], n),
            "street": rng.integers(0, 12, n),
            "sold": rng.uniform(0.5, 3, n),
        }
    )
    frame["price"] = 3 * frame.area + 20 * (frame.city == "Rome") + rng.normal(200, 20, n)
    return frame


def with_gaps(frame):
    frame = frame.copy()
    frame.loc[3, "area"] = np.nan
    frame.loc[[8, 30], "city"] = None
    frame.loc[11, "price"] = np.nan
    return frame


@pytest.mark.parametrize("formula", FORMULAS)
def test_statsmodels_agrees(flats, formula):
    smf = pytest.importorskip("statsmodels.formula.api")
    flats = with_gaps(flats)
    ours = LinearRegression.from_formula(formula, flats, missing="drop")
    theirs = smf.ols(formula.replace("log(", "np.log("), flats).fit()
    assert ours.n_dropped_ == len(flats) - theirs.nobs
    found = ours.inference()
    places = dict(zip(theirs.params.index, range(len(theirs.params)), strict=True))
    names = [
        name.replace("intercept", "Intercept").replace("log(", "np.log(") for name in found.names
    ]
    # patsy writes C(rooms)[T.2] and city[Bonn] where formulaic does, and products in either order.
    order = [places[n] if n in places else places[":".join(n.split(":")[::-1])] for n in names]
    for a, b in (
        (found.coef, theirs.params),
        (found.se, theirs.bse),
        (found.p, theirs.pvalues),
    ):
        np.testing.assert_allclose(a, b.to_numpy()[order], rtol=1e-7)
    robust = ours.inference(flats, cov="HC3").se
    expected = theirs.get_robustcov_results("HC3").bse[order]
    np.testing.assert_allclose(robust, expected, rtol=1e-7)
    groups = {"groups": flats["street"][theirs.fittedvalues.index]}
    expected = theirs.get_robustcov_results("cluster", use_t=True, **groups).bse[order]
    np.testing.assert_allclose(ours.inference(flats, groups="street").se, expected, rtol=1e-7)
    assert ours.inference(flats, groups="street").groups[0][0] == "street"


@pytest.mark.parametrize("kind", ["I", "II"])
def test_terms_as_statsmodels_tests_them(flats, kind):
    smf = pytest.importorskip("statsmodels.formula.api")
    from statsmodels.stats.anova import anova_lm

    formula = "price ~ C(city) + area + rooms + area:C(city)"
    found = LinearRegression.from_formula(formula, flats).inference().anova(kind)
    expected = anova_lm(smf.ols(formula, flats).fit(), typ={"I": 1, "II": 2}[kind])
    ours = found.to_frame()
    order = [name if name in expected.index else "C(city):area" for name in ours.index]
    order = [name if name in expected.index else "area:C(city)" for name in order]
    rows = expected.loc[order]
    if kind == "I":  # patsy has the products before rooms, and formulaic the terms by degree
        rows, ours = rows.iloc[:1], ours.iloc[:1]
    np.testing.assert_allclose(ours["sum_sq"], rows["sum_sq"], rtol=1e-8)
    np.testing.assert_allclose(ours["p"], rows["PR(>F)"], rtol=1e-6)


def test_terms_add_up_and_drop_is_a_smaller_fit(flats):
    formula = "price ~ area + C(city) + rooms"
    model = LinearRegression.from_formula(formula, flats)
    found = model.inference()
    one_after_the_other = found.anova("I")
    np.testing.assert_allclose(one_after_the_other.sum_sq.sum(), found.tss - found.rss, rtol=1e-10)
    small = LinearRegression.from_formula("price ~ area + rooms", flats).inference()
    f = (small.rss - found.rss) / 2 / found.sigma**2
    for test in (found.test(drop="C(city)"), found.test(drop=["C(city)"])):
        np.testing.assert_allclose(test.f, f, rtol=1e-9)
        assert test.df == (2, found.df_resid)
    np.testing.assert_allclose(found.anova("III").f[1], f, rtol=1e-9)
    np.testing.assert_allclose(found.anova("II").f[1], f, rtol=1e-9)
    robust = model.inference(flats, cov="HC3")
    np.testing.assert_allclose(robust.anova().f[1], robust.test(drop="C(city)").f, rtol=1e-12)
    assert np.isnan(robust.anova().sum_sq).all()
    with pytest.raises(ValueError, match="kind='III'"):
        robust.anova("II")
    with pytest.raises(ValueError, match="one of I, II, III"):
        robust.anova("IV")


def test_terms_of_dependent_columns(rng):
    x = rng.normal(size=(50, 2))
    frame = pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "c": x[:, 0] + x[:, 1]})
    frame["y"] = frame.a + rng.normal(size=50)
    with pytest.warns(UserWarning, match="not determined"):
        found = LinearRegression.from_formula("y ~ a + b + c", frame).inference()
    assert found.anova("III").df.tolist() == [0, 0, 0]
    assert found.anova("I").df.tolist() == [1, 1, 0]
    whole = LinearRegression.from_formula("y ~ a + b", frame).inference()
    np.testing.assert_allclose(found.anova("I").sum_sq[:2], whole.anova("I").sum_sq, rtol=1e-9)


def test_new_frames_are_coded_as_the_first_one(flats, rng):
    formula = "price ~ center(area) + poly(rooms, 2) + C(city)"
    model = LinearRegression.from_formula(formula, flats)
    again = pickle.loads(pickle.dumps(model))
    whole = model.predict(flats)
    some = flats.iloc[[5, 2]].reset_index(drop=True)
    np.testing.assert_allclose(again.predict(some), whole[[5, 2]], rtol=1e-12)
    some.loc[0, "city"] = None
    found = again.predict(some)
    assert np.isnan(found).tolist() == [True, False]
    np.testing.assert_allclose(found[1], whole[2], rtol=1e-12)
    some.loc[1, "city"] = "Paris"
    with pytest.raises(ValueError, match=r"'Paris' in row 1, a level .* knows Bonn, Oslo, Rome"):
        again.predict(some)
    with pytest.raises(ValueError, match="no column 'rooms'"):
        again.predict(some[["area", "city"]])
    np.testing.assert_allclose(model.score(flats), model.inference().r2, rtol=1e-12)
    assert np.isnan(model.predict(flats.assign(area=np.nan))).all()


def test_any_kind_of_frame(flats):
    polars, pyarrow = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    flats = with_gaps(flats)
    model = LinearRegression.from_formula("price ~ area + city", flats, "sold", missing="drop")
    for data in (
        polars.from_pandas(flats),
        pyarrow.Table.from_pandas(flats),
        {name: flats[name].to_list() for name in flats},
        flats.convert_dtypes(),
        flats.assign(city=flats.city.astype("category").cat.add_categories(["unused"])),
    ):
        other = LinearRegression.from_formula("price ~ area + city", data, "sold", missing="drop")
        np.testing.assert_allclose(other.coef_, model.coef_, rtol=1e-12)
        np.testing.assert_allclose(model.predict(data), model.predict(flats), rtol=1e-12)
        assert other.n_dropped_ == 4
    weights = flats["sold"].to_numpy()
    other = LinearRegression.from_formula("price ~ area + city", flats, weights, missing="drop")
    np.testing.assert_array_equal(other.coef_, model.coef_)


@pytest.mark.parametrize(
    ("spelt", "formula"),
    [
        ("price ~ factor(rooms) + I(area^2)", "price ~ C(rooms) + I(area**2)"),
        ("price ~ as.factor(city) + sqrt(area)", "price ~ C(city) + np.sqrt(area)"),
        ("price ~ Q('area') + abs(rooms)", "price ~ area + rooms"),
        ("price ~ (area + rooms)^2", "price ~ area * rooms"),
        ("price ~ -1 + city", "price ~ 0 + city"),
    ],
)
def test_other_spellings(flats, spelt, formula):
    ours, expected = (LinearRegression.from_formula(text, flats) for text in (spelt, formula))
    np.testing.assert_allclose(ours.coef_, expected.coef_, rtol=1e-12)
    assert ours.formula_ == spelt
    again = pickle.loads(pickle.dumps(ours))
    np.testing.assert_array_equal(again.predict(flats[:3]), ours.predict(flats[:3]))


def test_what_is_refused(flats):
    fit = LinearRegression.from_formula
    for formula, message in (
        ("price ~ aera", "no column 'aera', .*did you mean 'area'"),
        ("area + city", "has no target"),
        ("price ~ area +", "Operator"),
        ("price ~ 1", "no columns to explain"),
        ("city ~ area", "'city', the target, does not hold numbers"),
        ("price ~ log(area - 1000)", "'log.area - 1000.' is nan in row 0"),
        ("price ~ area | rooms", "more than one right-hand side"),
        (3, "a formula is text"),
        ("price ~ when", "holds dates"),
    ):
        with pytest.raises(ValueError, match=message):
            fit(formula, flats.assign(when=pd.Timestamp("2020-01-01")))
    with pytest.raises(ValueError, match=r"area \(1\).* missing='drop'"):
        fit("price ~ area + city", with_gaps(flats))
    with pytest.raises(TypeError, match="- 1"):
        fit("price ~ area", flats, fit_intercept=False)
    with pytest.raises(ValueError, match="columns with names"):
        fit("price ~ area", flats[["price", "area"]].to_numpy())


def test_dots_context_and_refits(flats):
    model = LinearRegression.from_formula("price ~ . - street", flats)
    assert "street" not in model.feature_names_in_
    assert "price" not in model.feature_names_in_
    model = LinearRegression.from_formula("price ~ .", flats, "sold")  # nor is it a feature
    assert model.formula_ == "price ~ (area + rooms + city + street)"
    model = LinearRegression.from_formula("price ~ half(area)", flats, context={"half": half})
    np.testing.assert_allclose(
        model.predict(flats[:1]), pickle.loads(pickle.dumps(model)).predict(flats[:1])
    )
    assert model.formula_ == "price ~ half(area)"
    model.fit(flats[["area"]], flats["price"])  # a fit of its own, which knows no formula
    assert not hasattr(model, "formula_")
    assert list(model.feature_names_in_) == ["area"]


def half(x):
    return x / 2


def test_designs_in_files(flats):
    from linreg_fast.estimators.formula_file import of_plain, to_plain
    from linreg_fast.estimators.formulas import Design

    formula = "log(price) ~ poly(area, 2) * C(rooms) + bs(sold, df=4) + city"
    design, X, _ = Design.of(formula, flats)
    content = json.loads(json.dumps(to_plain(design)))
    again = of_plain(content)
    np.testing.assert_array_equal(again.matrix(flats[10:20]), design.matrix(flats[10:20]))
    np.testing.assert_allclose(again.matrix(flats), X, rtol=1e-12)
    assert again.terms == design.terms
    for formula in (
        "price ~ C(().__class__)",
        "price ~ np.load(area)",
        "price ~ I([i for i in area])",
        "price ~ np.log.__class__(area)",
        "price ~ exec('1')",
    ):
        with pytest.raises(ValueError, match="is more than arithmetic"):
            of_plain({**content, "text": formula})
    with pytest.raises(ValueError, match="lacks something"):
        of_plain({"text": "price ~ area"})


STREAMED = [
    "price ~ area * C(city) + C(rooms)",
    "log(price) ~ center(area) + scale(log(area)) + city",
    "price ~ 0 + C(city):area + scale(rooms, center=False)",
    "price ~ rooms + bs(area, knots=[75], lower_bound=0, upper_bound=200)",
    "price ~ .",
]


@pytest.mark.parametrize("formula", STREAMED)
def test_files_are_coded_as_one_frame(flats, tmp_path, formula):
    flats = with_gaps(flats)
    flats.loc[11, "city"] = "Lima"  # in a row without a price
    for k in range(2):
        flats[40 * k : 40 * (k + 1)].to_csv(tmp_path / f"{k}.csv", index=False)
    files, options = str(tmp_path / "*.csv"), {"missing": "drop"}
    whole = LinearRegression.from_formula(formula, flats, **options)
    model = LinearRegression.from_formula(formula, files, **options)
    assert model.feature_names_in_.tolist() == whole.feature_names_in_.tolist()
    np.testing.assert_allclose(model.coef_, whole.coef_, rtol=1e-6, atol=1e-8)
    found, expected = (
        model.inference(files, groups="street"),
        whole.inference(flats, groups="street"),
    )
    np.testing.assert_allclose(found.se, expected.se, rtol=1e-6)
    assert model.score(files) == pytest.approx(whole.score(flats), rel=1e-8)
    np.testing.assert_allclose(
        model.influence(files).cooks, whole.influence(flats).cooks, rtol=1e-4
    )
    if "city" in formula:
        with pytest.raises(ValueError, match=r"0\.csv: column 'city' holds 'Lima' in row 12"):
            model.predict_to_file(files, tmp_path / "p.csv")
    new = flats[flats.city != "Lima"]
    np.testing.assert_allclose(model.predict(new), whole.predict(new), rtol=1e-8)
    new.to_csv(tmp_path / "new.csv", index=False)
    assert model.predict_to_file(tmp_path / "new.csv", tmp_path / "p.csv") == 79
    lines = (tmp_path / "p.csv").read_text().splitlines()[1:]
    predicted = [float(line or "nan") for line in lines]
    np.testing.assert_allclose(predicted, whole.predict(new), rtol=1e-8)
    new = new.assign(sold=np.arange(len(new)) + 1.0).reset_index(drop=True)
    new.loc[13, "city"], new.loc[13, "sold"] = "Quito", np.nan  # in a row without a weight
    new.to_csv(tmp_path / "new.csv", index=False)
    whole, model = (
        LinearRegression.from_formula(formula, data, "sold", **options)
        for data in (new, str(tmp_path / "new.csv"))
    )
    assert model.feature_names_in_.tolist() == whole.feature_names_in_.tolist()
    np.testing.assert_allclose(model.coef_, whole.coef_, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(
    ("formula", "says"),
    [
        ("price ~ poly(area, 2)", r"needs all rows at once.*I\(x\*\*2\)"),
        ("price ~ bs(area, df=4)", r"knots=\[\.\.\.\]"),
        ("price ~ I(area - center(area))", "stands by itself"),
        ("price ~ I(area - area.mean())", "is more than arithmetic"),
        ("price ~ C(area * 0 + plain)", "no column 'plain'"),
    ],
)
def test_what_needs_all_rows_is_refused_of_files(flats, tmp_path, formula, says):
    flats.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(ValueError, match=says):
        LinearRegression.from_formula(formula, str(tmp_path / "t.csv"))


def test_iterators_have_no_first_look(flats):
    frames = [flats[:30], flats[30:]]
    model = LinearRegression.from_formula("price ~ area + rooms", iter(frames))
    whole = LinearRegression.from_formula("price ~ area + rooms", flats)
    np.testing.assert_allclose(model.coef_, whole.coef_, rtol=1e-10)
    with pytest.raises(ValueError, match="first look at all rows, for city"):
        LinearRegression.from_formula("price ~ area + city", iter(frames))


def test_unseen_levels_as_gaps(flats):
    model = LinearRegression.from_formula("price ~ area + city", flats, unseen="nan")
    new = flats[:4].copy()
    new.loc[[1, 2], "city"] = "Lima"
    expected = model.predict(flats[:4])
    expected[[1, 2]] = np.nan
    for found in (model.predict(new), model.inference().predict(new).mean):
        np.testing.assert_allclose(found, expected)
    strict = LinearRegression.from_formula("price ~ area + city", flats)
    with pytest.raises(ValueError, match=r"'Lima' in row 1 \(and 2 rows hold such levels\)"):
        strict.predict(new)
    with pytest.raises(ValueError, match="unseen must be"):
        LinearRegression.from_formula("price ~ area", flats, unseen="drop")


def test_what_no_pickle_holds_is_named_when_it_is_missed(flats):
    context = {"half": lambda values: values / 2}
    model = LinearRegression.from_formula("price ~ half(area)", flats, context=context)
    found = model.inference(flats, cov="HC1")
    again = pickle.loads(pickle.dumps(found))
    np.testing.assert_array_equal(again.se, found.se)
    for predict in (again.predict, pickle.loads(pickle.dumps(model)).predict):
        with pytest.raises(ValueError, match="needs half, which its pickle does not hold"):
            predict(flats)
    np.testing.assert_allclose(found.predict(flats).mean, model.predict(flats))
