"""scikit-learn's own checks for any estimator, and its own tests of its LinearRegression."""

import importlib.util

import pytest
import sklearn
from sklearn.utils.estimator_checks import check_param_validation, estimator_checks_generator

from linreg_fast import GradientDescentRegressor, LinearRegression

CONFIGURATIONS = [
    LinearRegression(),
    LinearRegression(fit_intercept=False, copy_X=False),
    LinearRegression(positive=True),
    LinearRegression(precision="double-double", tol=1e-12),
    LinearRegression(precision="double"),
    LinearRegression(solver="svd", n_jobs=1),
    LinearRegression(solver="gradient_descent"),
    GradientDescentRegressor(),
    GradientDescentRegressor(space="data"),
    GradientDescentRegressor(standardize=False, fit_intercept=False),
]
# A list, which scikit-learn's own parametrize_with_checks does not give to pytest before 1.8.
CHECKS = [pair for estimator in CONFIGURATIONS for pair in estimator_checks_generator(estimator)]


def _name(value):
    return repr(value).replace("\n", "") if hasattr(value, "fit") else value.func.__name__


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@pytest.mark.parametrize(("estimator", "check"), CHECKS, ids=_name)
def test_estimator_check(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", [LinearRegression(), GradientDescentRegressor()], ids=_name)
def test_parameters_are_validated_as_theirs(estimator):
    check_param_validation(type(estimator).__name__, estimator)


def _own_tests():
    """The functions of scikit-learn's test module, with our class where theirs stood."""
    found = importlib.util.find_spec("sklearn.linear_model.tests.test_base")
    if found is None:  # some distributions leave the tests out
        return {}
    spec = importlib.util.spec_from_file_location("sklearn.linear_model.tests._ours", found.origin)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.LinearRegression = LinearRegression
    return {name: test for name, test in vars(module).items() if name.startswith("test_")}


OWN = {
    name: test
    for name, test in _own_tests().items()
    if "LinearRegression" in test.__code__.co_names  # the others test scikit-learn's helpers
}
globals().update(OWN)


def test_own_tests_were_found():
    if not OWN:
        pytest.skip(f"scikit-learn {sklearn.__version__} is installed without its tests")
    assert len(OWN) >= 13
