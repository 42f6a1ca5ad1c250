"""Every number of the reference cases: R's definitions, in 80-digit arithmetic of the data.

`data/*.json` hold data, `expected.exact` to 30 digits, and `digits_of_r`, to how many R agrees.
"""

import json
import pathlib
import warnings

import numpy as np
import pytest

from linreg_fast import LinearRegression

HERE = pathlib.Path(__file__).parent / "data"
NAMES = sorted(path.stem for path in HERE.glob("*.json"))
# What rounding of the float64 data's own sums leaves: 1e-12, and less where numbers cancel, as the
# entries of a covariance do that are small beside the roots of their diagonal.
SHARP = 1e-12

pytestmark = pytest.mark.filterwarnings("ignore::linreg_fast.InferenceWarning")


class Case:
    def __init__(self, name):
        content = json.loads((HERE / f"{name}.json").read_text())
        data = content["data"]
        self.data, self.expected = data, content["expected"]["exact"]
        self.X, self.y = np.array(data["X"], dtype=float), np.array(data["y"], dtype=float)
        self.w = np.array(data["weights"], dtype=float) if "weights" in data else None
        self.model = LinearRegression(fit_intercept=data["fit_intercept"])
        self.model.fit(self.X, self.y, self.w)
        # R leaves a column out that depends on others; its numbers are of the others.
        self.kept = [j for j, b in enumerate(self.expected["coef"]) if b is not None]
        self.aliased = len(self.kept) < len(self.expected["coef"])

    def inference(self, **options):
        if not options:
            return self.model.inference()
        return self.model.inference(self.X, self.y, self.w, **options)


def numbers(value):
    return np.array(
        [[float(x) for x in row] if isinstance(row, list) else float(row) for row in value]
        if isinstance(value, list)
        else float(value)
    )


def check(found, expected, what, rtol=SHARP, scale=None):
    found, expected = np.asarray(found, dtype=float), numbers(expected)
    assert found.shape == expected.shape, what
    size = abs(expected) if scale is None else scale
    assert (np.isnan(found) == np.isnan(expected)).all(), f"{what}: {found} for {expected}"
    wrong = abs(found - expected) > rtol * size + 1e-300
    assert not wrong.any(), f"{what}: off by {np.nanmax(abs(found - expected) / size)}"


def check_table(case, found, expected, what):
    if case.aliased:
        # Only combinations that do not hang on which column is left out.
        columns = [0, 4]
        places = [0, 3]
        cov, se = numbers(expected["cov"]), numbers(expected["se"])
        check(found.se[columns], se[places].tolist(), f"{what} se")
        check(found.cov[4, 4], cov[3, 3], f"{what} cov")
        return
    cov = numbers(expected["cov"])
    scale = np.sqrt(np.outer(np.diag(abs(cov)), np.diag(abs(cov))))
    check(found.cov, expected["cov"], f"{what} cov", scale=scale)
    check(found.se, expected["se"], f"{what} se")
    check(found.t, expected["t"], f"{what} t")
    assert found.df == expected["df"], what
    # A relative error of t counts as often as p's exponent says, and t's square.
    steep = 1 + abs(np.nan_to_num(found.t)) * min(found.df, 50)
    check(found.p, expected["p"], f"{what} p", scale=steep * abs(numbers(expected["p"])))
    check(found.log_p, expected["log_p"], f"{what} log_p", scale=steep)
    width = np.max(abs(numbers(expected["ci95"])), axis=1, keepdims=True)
    check(found.confidence_interval(), expected["ci95"], f"{what} ci95", scale=width)
    if "ci99" in expected:
        check(found.confidence_interval(0.99), expected["ci99"], f"{what} ci99")


@pytest.fixture(scope="module", params=NAMES)
def case(request):
    return Case(request.param)


def test_of_moments_alone(case):
    found, expected = case.inference(), case.expected
    for ours, theirs in (
        ("n_samples", "n"), ("rank", "rank"), ("df_resid", "df_resid"), ("df_model", "df_model"),
        ("rss", "rss"), ("tss", "tss"), ("sigma", "sigma"), ("r2", "r2"), ("adj_r2", "adj_r2"),
        ("f", "F"), ("f_p", "F_p"), ("f_log_p", "F_log_p"), ("loglik", "loglik"),
        ("aic", "aic_r"), ("bic", "bic_r"), ("vif", "vif"),
    ):  # fmt: skip
        known = theirs in expected and not (case.w is not None and ours in ("loglik", "aic", "bic"))
        if known and not (case.aliased and ours == "vif"):
            check(getattr(found, ours), expected[theirs], ours)
    assert list(found.f_df) == expected["F_df"]
    if case.aliased:
        minimum = expected["minimum_norm"]
        check(found.coef[1:], minimum["slopes"], "coef")
        check(np.sqrt(np.diag(found.cov))[1:], minimum["se_slopes"], "se")
    else:
        check(found.coef, expected["coef"], "coef")
    check_table(case, found, expected["classical"], "classical")


def test_likelihood_with_weights(case):
    if case.w is None:
        pytest.skip("without weights: from moments alone")
    found = case.inference(cov="classical")
    for ours, theirs in (("loglik", "loglik"), ("aic", "aic_r"), ("bic", "bic_r")):
        check(getattr(found, ours), case.expected[theirs], ours)
    assert np.isnan(case.inference().loglik)


@pytest.mark.parametrize("cov", ["HC0", "HC1", "HC2", "HC3", "HC4"])
def test_unequal_variances(case, cov):
    if cov not in case.expected:
        pytest.skip("not in this case")
    check_table(case, case.inference(cov=cov), case.expected[cov], cov)


@pytest.mark.parametrize("cov", ["HC1", "HC3"])
def test_all_slopes_at_once(case, cov):
    expected = case.expected.get(f"wald_all_{cov}")
    if expected is None:
        pytest.skip("not in this case")
    found = case.inference(cov=cov)
    check(found.f, expected["F"], "F", 1e-11)
    check(found.f_p, expected["p"], "p", 1e-10)
    assert list(found.f_df) == [expected["df1"], expected["df2"]]
    if not case.aliased:
        test = found.test(np.eye(len(found.names))[1:])
        check(test.estimate, expected["estimate"], "estimate")
        check(test.se, expected["se"], "se")
        check(test.f, expected["F"], "F", 1e-11)
        check(test.chi2_p, expected["chi2_p"], "chi2_p", 1e-9)


def test_clusters(case):
    for name, expected in case.expected.get("clusters", {}).items():
        groups = case.data["clusters"][name]
        for cov in ("CR0", "CR1", "CR1S", "CR1S_min", "CR2", "CR3"):
            if cov in expected:
                two_way = "min" if cov == "CR1S_min" else "each"
                found = case.inference(cov=cov.removesuffix("_min"), groups=groups, two_way=two_way)
                assert [count for _, count in found.groups] == expected["G"]
                check_table(case, found, expected[cov], f"{name} {cov}")


def test_lags(case):
    for name, expected in case.expected.get("hac", {}).items():
        lag, _, adjusted = name.removeprefix("lag").partition("_")
        found = case.inference(cov="HAC", lags=int(lag), small_sample=bool(adjusted))
        check_table(case, found, expected, name)


def test_influence(case):
    expected = case.expected["influence"]
    found = case.model.influence(case.X, case.y, case.w)
    for name in [
        "leverage",
        "rstandard",
        "rstudent",
        "cooks",
        "dffits",
        "covratio",
        "press",
        "dfbeta",
        "dfbetas",
    ]:
        if name in expected and not (case.aliased and name.startswith("dfbeta")):
            value, known = getattr(found, name), numbers(expected[name])
            check(value, expected[name], name, scale=np.maximum(abs(known), np.nanmax(abs(known))))
    scale = abs(case.y).max()
    check(found.residuals, case.expected["resid"], "residuals", scale=scale)
    check(case.inference().predict(case.X).mean, case.expected["fitted"], "fitted")


def test_diagnostics(case):
    expected = case.expected.get("tests")
    if expected is None:
        pytest.skip("not in this case")
    found = case.model.diagnostics(case.X, case.y, case.w)
    check(found.durbin_watson, expected["durbin_watson"], "durbin_watson")
    for name in ("breusch_pagan", "breusch_pagan_original", "white"):
        if name in expected:
            test = getattr(found, name)
            check(test.lm, expected[name]["lm"], name, 1e-11)
            assert test.df == expected[name]["df"]
            check(test.p, expected[name]["p"], f"{name} p", 1e-11)
    for name in ("skew", "kurtosis"):
        if name in expected:
            check(getattr(found, name), expected[name], name, 1e-11)
    if "jarque_bera" in expected:
        for name in ("statistic", "p"):
            check(getattr(found.jarque_bera, name), expected["jarque_bera"][name], name, 1e-11)


def test_predictions(case):
    expected = case.expected.get("prediction")
    if expected is None:
        pytest.skip("not in this case")
    X, w = np.array(case.data["new_X"], dtype=float), case.data.get("new_weights")
    found = case.inference().predict(X, sample_weight=w)
    check(found.mean, expected["fit"], "fit")
    check(found.se, expected["se_mean"], "se_mean")
    check(
        np.column_stack([found.mean_low, found.mean_high]), expected["confidence95"], "mean", 1e-11
    )
    check(np.column_stack([found.low, found.high]), expected["prediction95"], "new", 1e-11)
    found = case.inference().predict(X, 0.9)
    check(np.column_stack([found.mean_low, found.mean_high]), expected["confidence90"], "90", 1e-11)


def test_contrasts(case):
    for name, options in (("contrast", {}), ("contrast_HC3", {"cov": "HC3"})):
        expected = case.expected.get(name)
        if expected is None:
            continue
        test = case.inference(**options).test(case.data["L"], case.data["r"])
        check(test.estimate, expected["estimate"], "estimate", 1e-11)
        check(test.se, expected["se"], "se")
        check(test.f, expected["F"], "F", 1e-11)
        assert list(test.df) == [expected["df1"], expected["df2"]]
        check(test.p, expected["p"], "p", 1e-10)
        check(test.chi2, expected["chi2"], "chi2", 1e-11)
        check(test.chi2_p, expected["chi2_p"], "chi2_p", 1e-10)


def test_from_merged_and_reloaded_moments(case, tmp_path):
    """To the same digits, by sevens, and through a file."""
    model = LinearRegression(fit_intercept=case.data["fit_intercept"])
    for a in range(0, len(case.y), 7):
        w = None if case.w is None else case.w[a : a + 7]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.partial_fit(case.X[a : a + 7], case.y[a : a + 7], w)
    model.moments_.save(tmp_path / "moments.json")
    again = LinearRegression(fit_intercept=case.data["fit_intercept"])
    again.fit_moments(type(model.moments_).load(tmp_path / "moments.json"))
    for found in (model.inference(), again.inference()):
        check_table(case, found, case.expected["classical"], "classical")
        check(found.rss, case.expected["rss"], "rss")
