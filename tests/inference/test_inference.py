"""Laws, other oracles, and what bad input gets."""

import itertools
import json
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from oracles.reference import NAMES, NIST, load_nist

import linreg_fast
from linreg_fast import InferenceWarning, LinearRegression, Moments, chow, moments
from linreg_fast.runtime.launch import threads


def draw(rng, n=300, p=4):
    X = rng.normal(size=(n, p)) * rng.uniform(0.1, 30, p) + rng.uniform(-5, 5, p)
    y = X @ rng.normal(size=p) + 3 + rng.normal(size=n) * (1 + abs(X[:, 0]))
    return X, y


def same(a, b, rtol=1e-11):
    np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * np.nanmax(abs(np.asarray(b))))


@pytest.mark.parametrize("how", ["at once", "by sevens"])
@pytest.mark.parametrize("name", NAMES)
def test_nist_certified(name, how):
    problem = load_nist(name)
    model = LinearRegression(fit_intercept=problem.fit_intercept)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if how == "at once":
            model.fit(problem.X, problem.y)
        else:
            for a in range(0, len(problem.y), 7):
                model.partial_fit(problem.X[a : a + 7], problem.y[a : a + 7])
        found = model.inference()
    content = json.loads((NIST / f"{name}.json").read_text())
    if content["certified"]["residual_sd"] == 0:  # what the floats' own rounding leaves of it
        assert found.sigma <= 1e-14 * abs(problem.y).max()
        return
    exact = content["exact_of_float64_design"]
    for ours, theirs in ((found.se, "sd"), (found.sigma, "residual_sd"), (found.r2, "r2")):
        expected = np.array(exact[theirs], dtype=float)
        np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-300)
    expected = exact.get("F")
    if expected is not None and np.isfinite(float(expected)):
        np.testing.assert_allclose(found.f, float(expected), rtol=1e-12)


def test_statsmodels_agrees(rng):
    sm = pytest.importorskip("statsmodels.api")
    X, y = draw(rng)
    ours, theirs = LinearRegression().fit(X, y), sm.OLS(y, sm.add_constant(X)).fit()
    one, two = rng.integers(0, 25, len(y)), rng.integers(0, 9, len(y))
    for options, kind, more in (
        ({"cov": "HC0"}, "HC0", {}),
        ({"cov": "HC1"}, "HC1", {}),
        ({"cov": "HC2"}, "HC2", {}),
        ({"cov": "HC3"}, "HC3", {}),
        ({"groups": one}, "cluster", {"groups": one}),
        (
            {"groups": [one, two], "two_way": "each"},
            "cluster",
            {"groups": np.column_stack([one, two])},
        ),
        ({"lags": 4}, "HAC", {"maxlags": 4}),
    ):
        with warnings.catch_warnings():
            if "two_way" in options:  # whose variances may be negative: nan in both
                warnings.simplefilter("ignore")
            expected = theirs.get_robustcov_results(kind, use_t=True, **more)
            found = ours.inference(X, y, **options)
            same(found.cov, expected.cov_params(), 1e-9)
            same(found.p, expected.pvalues, 1e-8)
            same(found.confidence_interval(), expected.conf_int(), 1e-9)
    influence, expected = ours.influence(X, y), theirs.get_influence()
    same(influence.leverage, expected.hat_matrix_diag, 1e-9)
    same(influence.cooks, expected.cooks_distance[0], 1e-9)
    same(influence.rstandard, expected.resid_studentized_internal, 1e-9)
    same(influence.rstudent, expected.resid_studentized_external, 1e-9)
    same(influence.dfbetas, expected.dfbetas, 1e-8)
    same(influence.covratio, expected.cov_ratio, 1e-8)


@pytest.mark.parametrize(
    "options",
    [{"cov": "HC3"}, {"cov": "CR1S"}, {"cov": "CR3"}, {"cov": "HAC", "lags": 5}],
    ids=lambda options: options["cov"],
)
def test_in_batches_as_at_once(rng, options):
    X, y = draw(rng)
    w, groups = rng.uniform(0.5, 2, len(y)), rng.choice(["a", "b", "c", "d", "e"], len(y))
    clustered = options["cov"].startswith("CR")
    model, cuts = LinearRegression(), [0, 3, 90, 91, 200, len(y)]
    batches = [slice(a, b) for a, b in itertools.pairwise(cuts)]
    for part in batches:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.partial_fit(X[part], y[part], w[part])
    whole = model.inference(X, y, w, groups=groups if clustered else None, **options)
    sums = [model.scores(**options), model.scores(**options)]
    for k, part in enumerate(batches):
        own = {"groups": groups[part]} if clustered else {}
        sums[k >= 3].add(X[part], y[part], w[part], **own)
    found = model.inference(scores=pickle.loads(pickle.dumps(sums[0])) + sums[1])
    same(found.cov, whole.cov)
    assert found.df == whole.df
    same(found.loglik, whole.loglik)
    with pytest.raises(ValueError, match="not the rows of the fit"):
        model.inference(scores=sums[0])


def test_the_same_bits_with_any_number_of_threads(rng):
    X, y = draw(rng, 60_000, 5)
    groups = rng.integers(0, 50, len(y))
    model = LinearRegression().fit(X, y)

    def numbers():
        return [
            model.inference(X, y, cov="HC3").cov,
            model.inference(X, y, groups=groups).cov,
            model.inference(X, y, groups=np.sort(groups)).cov,
            model.inference(X, y, lags=3).cov,
            model.influence(X, y).rstudent,
        ]

    with threads(1):
        alone = numbers()
    for a, b in zip(alone, numbers(), strict=True):
        assert np.array_equal(a, b)


@pytest.mark.parametrize("cov", ["classical", "HC1", "HC3", "CR1S", "CR2"])
def test_frequencies_are_equal_rows(rng, cov):
    X, y = draw(rng, 40, 2)
    w, groups = rng.integers(0, 4, 40).astype(float), np.arange(40) % 8
    repeated = np.repeat(np.arange(40), w.astype(int))
    options, again = {"cov": cov}, {"cov": cov}
    if cov.startswith("CR"):
        options["groups"], again["groups"] = groups, groups[repeated]
    found = LinearRegression().fit(X, y, w).inference(X, y, w, weights="frequency", **options)
    Xr, yr = X[repeated], y[repeated]
    expected = LinearRegression().fit(Xr, yr).inference(Xr, yr, **again)
    for name in "se p n_samples df sigma r2 f_p loglik aic".split():  # noqa: SIM905
        same(getattr(found, name), getattr(expected, name), 1e-10)


def test_weights_of_variance_and_of_sampling(rng):
    X, y = draw(rng, 60, 2)
    w = rng.uniform(0.2, 3, 60)
    w[:4] = 0
    model = LinearRegression().fit(X, y, w)
    found = model.inference()
    assert found.n_samples == 56
    same(LinearRegression().fit(X, y, 7 * w).inference().se, found.se)
    same(model.inference(X, y, w, weights="sampling").se, model.inference(X, y, w, cov="HC1").se)


def test_any_kind_of_rows(rng):
    X, y = draw(rng, 200, 3)
    X[rng.random(X.shape) < 0.5] = 0
    whole = LinearRegression().fit(X, y).inference(X, y, cov="HC3")
    forms = {
        "F order": np.asfortranarray(X),
        "every other": np.repeat(X, 2, axis=0)[::2],
        "frame": pd.DataFrame(X, columns=list("abc")),
        "sparse": scipy.sparse.csr_matrix(X),
    }
    for name, rows in forms.items():
        model = LinearRegression().fit(rows, y)
        same(model.inference(rows, y, cov="HC3").cov, whole.cov, 1e-10)
        same(model.influence(rows, y).cooks, model.influence(rows, y).cooks)
        assert model.diagnostics(rows, y).white.df > 0, name
    assert LinearRegression().fit(forms["frame"], y).inference().names[1] == "a"
    single = LinearRegression().fit(X.astype("f4"), y.astype("f4"))
    same(single.inference(X.astype("f4"), y.astype("f4"), cov="HC3").se, whole.se, 1e-5)


def test_several_targets_have_a_first_axis(rng):
    X, y = draw(rng, 50, 2)
    Y = np.column_stack([y, y**2])
    model = LinearRegression().fit(X, Y)
    found = model.inference(X, Y, cov="HC2")
    assert found.se.shape == (2, 3)
    one = LinearRegression().fit(X, Y[:, 1])
    same(found.se[1], one.inference(X, Y[:, 1], cov="HC2").se)
    same(model.inference(target=1).p, one.inference().p)


def test_offsets_cost_no_digits(rng):
    """Columns at 1e6 with spread 1: the same numbers as of the columns without the offset."""
    X = rng.integers(-1000, 1000, (80, 3)) / 512
    y, groups = rng.integers(-1000, 1000, 80) / 512, np.arange(80) % 9
    for options in ({"cov": "HC3"}, {"groups": groups}, {"lags": 3}):
        near = LinearRegression().fit(X, y).inference(X, y, **options)
        Z = X + 1e6
        far = LinearRegression().fit(Z, y).inference(Z, y, **options)
        same(far.se[1:], near.se[1:], 1e-12)


def test_restrictions_in_words_and_by_matrix(rng):
    X, y = draw(rng, 90, 3)
    frame = pd.DataFrame(X, columns=["area", "area:rooms", "rooms 2"])
    found = LinearRegression().fit(frame, y).inference()
    by_words = found.test("area - 2*`rooms 2` = 3, area:rooms = -(1/2)*area")
    by_matrix = found.test([[0, 1, 0, -2], [0, 0.5, 1, 0]], [3, 0])
    same(by_words.f, by_matrix.f)
    assert found.test("intercept").df == (1, 86)
    same(found.test("area").p, found.p[1])
    # Nested models: the F of the fit without these columns.
    small = LinearRegression().fit(X[:, :1], y).inference()
    f = (small.rss - found.rss) / 2 / found.sigma**2
    same(found.test(drop=["area:rooms", "rooms 2"]).f, f, 1e-10)
    same(found.test(np.eye(4)[1:]).f, found.f)
    assert found.test([[0, 1, 0, 0], [0, 2, 0, 0]]).df[0] == 1
    for wrong, message in (
        ("aera = 0", "do you mean area"),
        ("area = = 2", "more than one '='"),
        ("3 = 3", "no coefficient"),
        ("area * rooms 2", "no sum of numbers"),
    ):
        with pytest.raises(ValueError, match=message):
            found.test(wrong)
    with pytest.raises(ValueError, match="4 columns"):
        found.test([[1, 2]])
    with pytest.raises(ValueError, match="contradict"):
        found.test([[0, 1, 0, 0], [0, 2, 0, 0]], [1, 1])
    with pytest.raises(ValueError, match="either"):
        found.test()


def test_chow_is_the_test_of_a_dummy_and_its_products(rng):
    X, y = draw(rng, 70, 2)
    late = np.arange(70) >= 30
    found = chow(moments(X[~late], y[~late]), moments(X[late], y[late]))
    full = np.column_stack([X, late, X * late[:, None]])
    expected = LinearRegression().fit(full, y).inference().test(drop=["x2", "x3", "x4"])
    same([found.f, found.p], [expected.f, expected.p], 1e-9)
    assert found.df == expected.df


def test_leverage_one_is_not_determined(rng):
    X, y = draw(rng, 40, 2)
    dummy = np.zeros(40)
    dummy[7] = 1
    Z = np.column_stack([X, dummy])
    with pytest.warns(InferenceWarning, match="x2: row 7 .* leverage 1"):
        found = LinearRegression().fit(Z, y).inference(Z, y, cov="HC3")
    kept = np.arange(40) != 7
    without = LinearRegression().fit(X[kept], y[kept]).inference(X[kept], y[kept], cov="HC3")
    same(found.se[:3], without.se)
    assert np.isnan(found.se[3])
    with pytest.warns(InferenceWarning, match="row 7 "):
        influence = LinearRegression().fit(Z, y).influence(Z, y)
    assert np.isnan(influence.rstudent[7])
    assert np.isfinite(np.delete(influence.cooks, 7)).all()
    with pytest.warns(InferenceWarning, match="a cluster alone"):
        found = LinearRegression().fit(Z, y).inference(Z, y, cov="CR2", groups=np.arange(40) // 4)
    assert np.isnan(found.se).tolist() == [False, False, False, True]


def test_what_is_not_determined_is_nan_with_a_warning(rng):
    X, y = draw(rng, 30, 2)
    Z = np.column_stack([X, X[:, 0] - X[:, 1]])
    with pytest.warns(InferenceWarning, match=r"x0, x1, x2: not determined"):
        found = LinearRegression().fit(Z, y).inference()
    assert np.isnan(found.se[1:]).all()
    same(found.sigma, LinearRegression().fit(X, y).inference().sigma)
    with pytest.warns(InferenceWarning, match="restriction 0 is not determined"):
        assert np.isnan(found.test([[0, 1, 0, 0]]).f)
    same(found.test([[0, 1, 0, 1]]).se, LinearRegression().fit(X, y).inference().se[1:2])
    with pytest.warns(InferenceWarning, match="row 0 of X leaves"):
        found.predict([[0.0, 0.0, 100.0]])
    with pytest.warns(InferenceWarning, match="no degrees of freedom"):
        assert np.isnan(LinearRegression().fit(X[:3], y[:3]).inference().se).all()
    with pytest.warns(InferenceWarning, match="perfect"):
        perfect = LinearRegression().fit(X[:, :1], 3 * X[:, 0]).inference()
    assert perfect.r2 == 1
    constant = LinearRegression().fit(X, np.ones(30))
    with pytest.warns(InferenceWarning):
        assert np.isnan(constant.inference().r2)


def test_few_clusters_leave_the_joint_test_undefined(rng):
    X, y = draw(rng, 60, 4)
    found = LinearRegression().fit(X, y).inference(X, y, groups=np.arange(60) % 3)
    assert np.isnan(found.f)
    assert found.df == 2
    with pytest.warns(InferenceWarning, match="too few clusters"):
        assert np.isnan(found.test(np.eye(5)[1:]).f)


REFUSED = [
    ({"cov": "robust"}, "choose one of classical"),
    ({"cov": "hc3"}, "did you mean 'HC3'"),
    ({"cov": "HC3", "X": None}, "pass X and y"),
    ({"cov": "HC3", "y": None}, "together"),
    ({"cov": "CR1"}, "needs groups"),
    ({"cov": "HC3", "groups": "g"}, "groups go with"),
    ({"cov": "HAC"}, "needs lags"),
    ({"lags": -1}, "0 or more"),
    ({"lags": 1.5}, "whole number"),
    ({"lags": 50}, "not below the 50 rows"),
    ({"X": "short"}, "50 .*40"),
    ({"X": "other"}, "not the rows of the fit"),
    ({"X": "nan"}, "X contains NaN at row 3, column 1"),
    ({"sample_weight": np.full(50, 2.0)}, "not the weights of the fit"),
    ({"weights": "frequency", "sample_weight": np.full(50, 0.5)}, "whole: 0.5 at row 0|whole"),
    ({"weights": "importance"}, "analytic, frequency, sampling"),
    ({"weights": "sampling", "cov": "classical"}, "HC1"),
    ({"groups": "few"}, "40 entries and X 50 rows"),
    ({"groups": "missing"}, "2 missing of 50, the first at row 4"),
    ({"groups": "one"}, "at least two clusters"),
    ({"groups": "three"}, "one or two columns, got 3"),
    ({"two_way": "max"}, "'min' or 'each'"),
    ({"cov": "HC1", "small_sample": True}, "HC1 for HC0"),
    ({"target": 1}, "from 0 to 0"),
]


@pytest.mark.parametrize(("options", "message"), REFUSED, ids=[m for _, m in REFUSED])
def test_refused_before_any_work(rng, options, message):
    X, y = draw(rng, 50, 2)
    model = LinearRegression().fit(X, y)
    before = pickle.dumps(model)
    g = np.arange(50) % 5
    holes = g.astype(object)
    holes[[4, 9]] = None
    broken = X.copy()
    broken[3, 1] = np.nan
    known = {
        "X": {"short": X[:40], "other": X[::-1], "nan": broken},
        "groups": {
            "g": g, "few": g[:40], "missing": holes, "one": g * 0, "three": np.array([g, g, g]).T,
        },
    }  # fmt: skip
    given = {"X": X, "y": y, **options}
    for name, values in known.items():
        if isinstance(given.get(name), str):
            given[name] = values[given[name]]
    if len(given["X"] if given["X"] is not None else X) == 40:
        given["y"] = y[:40]
    with pytest.raises(ValueError, match=message):
        model.inference(**given)
    assert pickle.dumps(model) == before


def test_fits_that_have_no_inference(rng):
    from sklearn.exceptions import NotFittedError

    X, y = draw(rng, 50, 2)
    with pytest.raises(NotFittedError):
        LinearRegression().inference()
    with pytest.raises(ValueError, match="positive=True"):
        LinearRegression(positive=True).fit(X, y).inference()
    found = LinearRegression().fit(X, y).inference()
    with pytest.raises(ValueError, match=r"did you mean 0\.95"):
        found.confidence_interval(95)
    with pytest.raises(ValueError, match="has 3 columns, and the fit had 2"):
        found.predict(np.zeros((1, 3)))


def test_plain_sums_say_how_many_digits_they_have(rng):
    X = rng.normal(size=(3000, 2))
    y = X @ [1.0, 2.0] + 1e-5 * rng.normal(size=3000)
    model = LinearRegression(precision="double").fit(X, y)
    with pytest.warns(InferenceWarning, match="digits in the sum of squared"):
        model.inference()
    exact = LinearRegression(precision="double-double").fit(X, y).inference()
    same(model.inference(X, y).se, exact.se, 1e-9)


def test_every_form_of_the_result(rng):
    pytest.importorskip("pandas")
    X, y = draw(rng, 60, 2)
    frame = pd.DataFrame(
        X, columns=["a<b>&", "a_name_that_is_much_longer_than_the_column_of_names"]
    )
    model = LinearRegression().fit(frame, y)
    groups = pd.Series(np.arange(60) % 7, name="city")
    for found in (model.inference(), model.inference(frame, y, groups=groups)):
        lines = str(found).split("\n")
        assert max(map(len, lines)) <= 80
        assert "&lt;b&gt;" in found._repr_html_()
        assert found.to_frame().loc["a<b>&", "se"] == found.se[1]
        content = json.loads(found.to_json())
        assert content["coef"] == found.coef.tolist()
        assert found.to_markdown().count("\n| ") == 3
        assert r"\_" in found.to_latex()
        assert len(pickle.dumps(found)) < 10_000
        assert "0.000" not in str(found).split()
    assert "7 clusters of city" in str(found)
    tiny = LinearRegression().fit(X[:, :1], 1e6 * X[:, 0] + y).inference()
    again = pickle.loads(pickle.dumps(tiny))
    assert again.to_json() == tiny.to_json()


def test_moments_that_were_merged_and_reloaded(rng):
    X, y = draw(rng, 80, 3)
    parts = moments(X[:30], y[:30]) + moments(X[30:], y[30:])
    again = Moments.from_json(parts.to_json())
    same(
        LinearRegression().fit_moments(again).inference().p,
        LinearRegression().fit(X, y).inference().p,
        1e-9,
    )
    assert linreg_fast.Inference is type(LinearRegression().fit_moments(again).inference())


def test_more_targets_than_products_are_kept_of(rng):
    X = rng.normal(size=(90, 3))
    Y = X @ rng.normal(size=(3, 70)) + rng.normal(size=(90, 70))
    found = LinearRegression().fit(X, Y).inference(X, Y, cov="HC3")
    by_moments = LinearRegression().fit_moments(moments(X, Y)).inference()
    assert found.se.shape == by_moments.se.shape == (70, 4)
    for k in (0, 69):
        one = LinearRegression().fit(X, Y[:, k])
        same(found.se[k], one.inference(X, Y[:, k], cov="HC3").se)
        same(by_moments.p[k], one.inference().p, 1e-9)


@pytest.mark.parametrize("clusters", [2, 40, 9000])
def test_rows_that_are_sorted_by_cluster(rng, clusters):
    """Sorted rows take a way of their own: the same numbers as of any other order."""
    X, y = draw(rng, 20_000, 3)
    X = np.asfortranarray(X) if clusters == 40 else X
    w = rng.uniform(0, 2, len(y)) * (rng.random(len(y)) < 0.8)
    groups = np.sort(rng.integers(0, clusters, len(y)))
    mixed = rng.permutation(len(y))
    for weights in (None, w):
        model = LinearRegression().fit(X, y, weights)
        own = None if weights is None else weights[mixed]
        found = model.inference(X, y, weights, groups=groups)
        expected = model.inference(X[mixed], y[mixed], own, groups=groups[mixed])
        assert found.groups == expected.groups
        same(found.cov, expected.cov, 1e-9)
        sums = model.scores("CR1S")
        for part in (slice(0, 7001), slice(7001, None)):
            piece = None if weights is None else weights[part]
            sums.add(X[part], y[part], piece, groups[part])
        same(model.inference(scores=sums).cov, found.cov, 1e-9)


@pytest.mark.parametrize("intercept", [True, False])
def test_diagnosis_of_frequencies_is_that_of_rows_written_out(rng, intercept):
    X, y = draw(rng, 40, 2)
    w = rng.integers(0, 4, 40).astype(float)
    place = np.repeat(np.arange(40), w.astype(int))
    counted = LinearRegression(fit_intercept=intercept).fit(X, y, w)
    written = LinearRegression(fit_intercept=intercept).fit(X[place], y[place])
    found = counted.diagnostics(X, y, w, weights="frequency").to_dict()
    expected = written.diagnostics(X[place], y[place]).to_dict()
    assert np.isnan(found.pop("durbin_watson"))
    expected.pop("durbin_watson")
    for name, value in expected.items():
        value = list(value.values()) if isinstance(value, dict) else value
        own = list(found[name].values()) if isinstance(found[name], dict) else found[name]
        np.testing.assert_allclose(own, value, rtol=1e-8, err_msg=name)
    ours = counted.influence(X, y, w, weights="frequency")
    theirs = written.influence(X[place], y[place])
    for name in "leverage residuals rstandard rstudent cooks dffits covratio dfbetas".split():  # noqa: SIM905
        same(getattr(ours, name)[place], getattr(theirs, name), 1e-9)
    assert ours.press == pytest.approx(theirs.press, rel=1e-9)
    assert set(ours.flagged()) == set(place[list(theirs.flagged())].tolist())
    assert "undefined" in repr(counted.diagnostics(X, y, w, weights="frequency"))
    with pytest.raises(ValueError, match="must be 'analytic' or 'frequency'"):
        counted.diagnostics(X, y, w, weights="sampling")
    halves = LinearRegression().fit(X, y, w / 2)
    with pytest.raises(ValueError, match="must be whole"):
        halves.influence(X, y, w / 2, weights="frequency")


def test_two_way_without_f_names_the_ways_out(rng):
    for _ in range(200):
        X, y = rng.normal(size=(60, 3)), rng.normal(size=60)
        groups = [rng.integers(0, 3, 60), rng.integers(0, 4, 60)]
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            found = LinearRegression().fit(X, y).inference(X, y, groups=groups)
        if np.isnan(found.f):
            said = " ".join(str(each.message) for each in told)
            assert "two_way='each'" in said
            assert "psd=True" in said
            return
    pytest.fail("none of 200 draws lost its F")
