"""What bad input gets, row by row: before any work, and with the estimator as it was."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.exceptions import NotFittedError

from linreg_fast import GradientDescentRegressor, InferenceWarning, LinearRegression
from linreg_fast.kernels.second_pass import clusters, lags, meat, rows


class Setting:
    """A fitted model, its rows, and what may be wrong with them."""

    def __init__(self, rng):
        self.X = rng.normal(size=(50, 2))
        self.y = self.X @ [1.0, -2.0] + rng.normal(size=50)
        self.w = rng.integers(1, 4, 50).astype(float)
        self.g = np.arange(50) % 5
        self.model = LinearRegression().fit(self.X, self.y)
        self.holes = self.g.astype(object)
        self.holes[[4, 9]] = None
        self.nan = self.g.astype(float)
        self.nan[7] = np.nan


@pytest.fixture
def s(rng):
    return Setting(rng)


@pytest.fixture
def no_work(monkeypatch):
    """The kernels of the second pass refuse to run."""

    def work(*_, **__):
        raise AssertionError("rows were read before the input was refused")

    for module, names in (
        (meat, ["sums"]),
        (clusters, ["sums"]),
        (lags, ["meat"]),
        (rows, ["influence", "residuals"]),
    ):
        for name in names:
            monkeypatch.setattr(module, name, work)


REFUSED_EARLY = {
    "not fitted": (lambda s: LinearRegression().inference(), NotFittedError, "not fitted"),
    "not fitted, rows": (
        lambda s: LinearRegression().influence(s.X, s.y), NotFittedError, "not fitted",
    ),
    "not fitted, a file": (
        lambda s: LinearRegression().influence("rows.csv", "y"), NotFittedError, "not fitted",
    ),
    "positive": (
        lambda s: LinearRegression(positive=True).fit(s.X, abs(s.y)).inference(),
        ValueError, "positive=True: .* fit with positive=False",
    ),
    "cov": (lambda s: s.model.inference(cov="HC9"), ValueError, "choose one of classical, HC0"),
    "robust": (
        lambda s: s.model.inference(s.X, s.y, cov="robust"), ValueError, "HC3 for it, Stata HC1",
    ),
    "HC3 without rows": (
        lambda s: s.model.inference(cov="HC3"), ValueError, "needs the rows: pass X and y",
    ),
    "groups without rows": (
        lambda s: s.model.inference(groups=s.g), ValueError, "needs the rows: pass X and y",
    ),
    "HAC without rows": (
        lambda s: s.model.inference(lags=2), ValueError, "needs the rows: pass X and y",
    ),
    "X alone": (lambda s: s.model.inference(s.X), ValueError, "pass X and y together"),
    "rows": (
        lambda s: s.model.inference(s.X[:40], s.y[:40], cov="HC1"), ValueError, "had 50 .* are 40",
    ),
    "rows of influence": (
        lambda s: s.model.influence(s.X[:40], s.y[:40]), ValueError, "had 50 .* are 40",
    ),
    "width": (
        lambda s: s.model.inference(np.ones((50, 3)), s.y, cov="HC1"), ValueError,
        "3 features, but .* 2 features",
    ),
    "targets": (
        lambda s: s.model.inference(s.X, np.ones((50, 2)), cov="HC1"), ValueError, "has 2 targets",
    ),
    "groups' length": (
        lambda s: s.model.inference(s.X, s.y, groups=s.g[:40]), ValueError, "40 entries and X 50",
    ),
    "None in groups": (
        lambda s: s.model.inference(s.X, s.y, groups=s.holes), ValueError,
        "2 missing of 50, the first at row 4",
    ),
    "NaN in groups": (
        lambda s: s.model.inference(s.X, s.y, groups=s.nan), ValueError,
        "1 missing of 50, the first at row 7",
    ),
    "one cluster": (
        lambda s: s.model.inference(s.X, s.y, groups=s.g * 0), ValueError, "two clusters",
    ),
    "three groupings": (
        lambda s: s.model.inference(s.X, s.y, groups=[s.g, s.g, s.g]), ValueError,
        "one or two columns, got 3",
    ),
    "lags below 0": (lambda s: s.model.inference(s.X, s.y, lags=-1), ValueError, "got -1"),
    "lags and a half": (lambda s: s.model.inference(s.X, s.y, lags=1.5), ValueError, "got 1.5"),
    "lags of all rows": (
        lambda s: s.model.inference(s.X, s.y, lags=50), ValueError, "lags=50 is not below the 50",
    ),
    "level 95": (
        lambda s: s.model.inference().confidence_interval(95), ValueError, r"95 \(did you mean 0",
    ),
    "level 0": (lambda s: s.model.inference().summary(0), ValueError, "between 0 and 1, got 0"),
    "level of predict": (
        lambda s: s.model.inference().predict(s.X, level=1), ValueError, "between 0 and 1, got 1",
    ),
    "frequencies": (
        lambda s: LinearRegression().fit(s.X, s.y, s.w + 0.5).inference(
            s.X, s.y, s.w + 0.5, weights="frequency", cov="HC1"
        ),
        ValueError, r"must be whole: \d\.5 at row 0",
    ),
    "negative weights": (
        lambda s: s.model.inference(s.X, s.y, np.where(np.arange(50) == 6, -1.0, s.w), cov="HC1"),
        ValueError, "-1.0 at row 6",
    ),
    "L's width": (lambda s: s.model.inference().test([[1, 2]]), ValueError, "3 columns.*(1, 2)"),
    "r against L": (
        lambda s: s.model.inference().test([[0, 1, 0], [0, 2, 0]], [1, 1]), ValueError,
        "contradict each other: row",
    ),
    "a name": (lambda s: s.model.inference().test("x9 = 0"), ValueError, "do you mean .*x0"),
    "a dropped name": (lambda s: s.model.inference().test(drop=["x9"]), ValueError, "mean .*x0"),
    "infinite L": (lambda s: s.model.inference().test([[0, np.inf, 0]]), ValueError, "finite"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED_EARLY)
def test_refused_before_any_work(s, no_work, name):
    call, error, message = REFUSED_EARLY[name]
    before = pickle.dumps(s.model)
    with pytest.raises(error, match=message):
        call(s)
    assert pickle.dumps(s.model) == before


def test_rows_that_are_not_those_of_the_fit(s):
    before = pickle.dumps(s.model)
    other = s.X[::-1]
    for call in (
        lambda: s.model.inference(other, s.y, cov="HC1"),
        lambda: s.model.inference(other, s.y, groups=s.g),
        lambda: s.model.influence(other, s.y),
        lambda: s.model.diagnostics(other, s.y),
    ):
        with pytest.raises(ValueError, match="these are not the rows of the fit"):
            call()
    with pytest.raises(ValueError, match=r"not the weights of the fit: .* 100, .* 50"):
        s.model.inference(s.X, s.y, np.full(50, 2.0), cov="HC1")
    with pytest.raises(ValueError, match="need at least two clusters"):
        s.model.inference(s.X, s.y, groups=["all"] * 50)
    assert pickle.dumps(s.model) == before


@pytest.mark.parametrize("target", ["one", "two"])
def test_descents(s, target):
    y = s.y if target == "one" else np.column_stack([s.y, s.y**2])
    with pytest.warns(UserWarning, match=r"did not|steps|converge"):
        few = GradientDescentRegressor(max_iter=2, learning_rate=1e-3).fit(s.X, y)
    with pytest.raises(ValueError, match="descent has not converged"):
        few.inference()
    enough = GradientDescentRegressor().fit(s.X, y)
    expected = LinearRegression().fit(s.X, y)
    np.testing.assert_allclose(enough.inference().se, expected.inference().se, rtol=1e-8)
    found = enough.inference(s.X, y, cov="HC3").se
    np.testing.assert_allclose(found, expected.inference(s.X, y, cov="HC3").se, rtol=1e-7)


def test_what_is_not_defined_is_nan_with_a_warning(s):
    Z = np.column_stack([s.X, s.X.sum(axis=1)])
    with pytest.warns(InferenceWarning, match="not determined"):
        found = LinearRegression().fit(Z, s.y).inference()
    with pytest.warns(InferenceWarning, match="restriction 0 is not determined"):
        assert np.isnan(found.test([[0, 1, 0, 0]]).p)
    alone = np.column_stack([s.X, np.arange(50) == 3])
    with pytest.warns(InferenceWarning, match="row 3 .* leverage 1"):
        LinearRegression().fit(alone, s.y).inference(alone, s.y, cov="HC2")
    groups = np.column_stack([s.g == k for k in range(1, 5)]) * 1.0
    with pytest.warns(InferenceWarning, match="x0, x1, x2, x3: CR1S errors are zero but for round"):
        LinearRegression().fit(groups, s.y).inference(groups, s.y, groups=s.g)
    with pytest.warns(InferenceWarning, match="no degrees of freedom") as told:
        LinearRegression().fit(s.X[:3], s.y[:3]).inference()
    assert told[0].filename == __file__  # the line of the caller, on every version of Python
    assert s.model.inference().test([[0, 1, 0], [0, 2, 0]]).df[0] == 1  # q is the rank of L


def test_negative_variances_of_two_way_clusters(rng):
    """Interleaved groups whose scores cancel in both ways and add up in their crossing."""
    a, b = np.repeat([0, 0, 1, 1], 5), np.tile([0, 1, 0, 1], 5)
    X = rng.normal(size=(20, 1))
    for _ in range(200):
        y = rng.normal(size=20)
        model = LinearRegression().fit(X, y)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            found = model.inference(X, y, groups=[a, b])
        if np.isnan(found.se).any():
            assert any("variance is negative" in str(each.message) for each in told)
            assert (np.diag(found.cov)[np.isnan(found.se)] < 0).all()
            repaired = model.inference(X, y, groups=[a, b], psd=True)
            assert np.isfinite(repaired.se).all()
            return
    pytest.fail("none of 200 draws had a negative variance")


def test_any_kind_of_rows_works(s):
    expected = s.model.inference(s.X, s.y, cov="HC3").se
    frozen = s.X.copy()
    frozen.flags.writeable = False
    forms = (
        frozen, np.asfortranarray(s.X), scipy.sparse.csr_matrix(s.X),
        pd.DataFrame(s.X, columns=["x0", "x1"]), s.X.tolist(),
    )  # fmt: skip
    for X in forms:
        model = LinearRegression().fit(X, s.y)
        np.testing.assert_allclose(model.inference(X, s.y, cov="HC3").se, expected, rtol=1e-10)
        np.testing.assert_allclose(
            model.influence(X, s.y).cooks, s.model.influence(s.X, s.y).cooks, rtol=1e-9
        )


def test_groups_that_are_no_column(rng):
    pd = pytest.importorskip("pandas")
    table = pd.DataFrame(rng.normal(size=(20, 2)), columns=["a", "b"])
    y, dealer = rng.normal(size=20), np.repeat(np.arange(5), 4)
    model = LinearRegression.from_formula("y ~ a + b", table.assign(y=y))
    with pytest.raises(ValueError, match="did you mean 'dealer'"):
        model.inference(table.assign(y=y, dealer=dealer), groups="deeler")
    model = LinearRegression().fit(table.to_numpy(), y)
    with pytest.raises(ValueError, match="X is no data frame but ndarray"):
        model.inference(table.to_numpy(), y, groups="dealer")


def test_errors_of_weights_that_fade_are_warned_of(rng, tmp_path):
    X, y = rng.normal(size=(30, 2)), rng.normal(size=30)
    model = LinearRegression(decay=0.5).partial_fit(X, y)
    with pytest.warns(InferenceWarning, match="decay=0.5.*halflife=1"):
        model.inference()
    path = tmp_path / "rows.csv"
    pd.DataFrame(X, columns=["a", "b"]).assign(y=y, w=0.5 ** np.arange(29.0, -1.0, -1.0)).to_csv(
        path, index=False
    )
    of_file = LinearRegression(decay=0.5).partial_fit(path, "y", features=["a", "b"])
    with pytest.warns(InferenceWarning, match="no inverse variances"):
        of_file.inference(path, "y", "w")
    model.inference(X, y, 0.5 ** np.arange(29.0, -1.0, -1.0), cov="HC1")
    LinearRegression(decay=0.5).fit(X, y).inference()
    LinearRegression(decay=1.0).partial_fit(X, y).inference()
