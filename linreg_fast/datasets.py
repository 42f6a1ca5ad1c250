"""The reference problems: four data sets of teaching texts, with the results that are true.

Each text fits its data by gradient descent and prints numbers; some of those are not what its code
gives. `expected` holds what an independent run of the text's own code gave, `printed` what the text
says. Learning rates are for the loss mean(r^2), whose gradient has the factor 2 / n.

>>> from linreg_fast import datasets
>>> data = datasets.load("age")
>>> data.X.shape, data.feature_names
((50, 1), ['age'])
"""

from typing import NamedTuple

import numpy as np


class Dataset(NamedTuple):
    """One problem. Expected keys: `slope`, `intercept`, `r2`, `mse` are of the least-squares fit;
    with `gd_` of the text's own descent; with `test_` on the test rows."""

    name: str
    title: str
    X: np.ndarray  # (n, p) training rows
    y: np.ndarray  # (n,)
    X_test: np.ndarray | None
    y_test: np.ndarray | None
    feature_names: list[str]
    target_name: str
    units: tuple[str, str]  # of the first feature, in the singular, and of the target
    learning_rate: float | None  # of the text's descent
    steps: int
    expected: dict[str, float]
    printed: dict[str, float]
    why: str  # why the printed numbers and the true ones differ


def _age():
    random = np.random.RandomState(42)
    age = random.uniform(20, 80, 50)
    expression = 0.5 * age + 10 + random.normal(0, 8, 50)
    return age, expression, random


def load_age():
    """Gene expression against age: 50 simulated people. One feature, years."""
    age, expression, _ = _age()
    return Dataset(
        name="age",
        title="Gene expression against age (50 simulated people)",
        X=age[:, None],
        y=expression,
        X_test=None,
        y_test=None,
        feature_names=["age"],
        target_name="gene expression",
        units=("year of age", "units"),
        learning_rate=1e-4,
        steps=1000,
        expected={
            "slope": 0.470209,
            "intercept": 11.369338,
            "r2": 0.5527,
            "mse": 52.676553,
            "gd_slope": 0.6793,
            "gd_intercept": 0.2792,
            "gd_r2": 0.4288,
            "gd_mse": 67.2750,
            "largest_stable_rate": 4.030e-4,
        },
        printed={
            "slope": 0.5142,
            "intercept": 9.8765,
            "r2": 0.6234,
            "gd_slope": 0.5142,
            "gd_intercept": 9.8765,
            "gd_r2": 0.6234,
            "gd_mse": 62.8934,
        },
        why=(
            "Ages are not scaled: the loss is 20 913 times as steep along one direction as along "
            "the other. 1000 steps settle the slope and leave the intercept near zero; about "
            "582 000 steps would give 6 digits. The text's default step, 0.01, is above the "
            "largest stable one, 4.03e-4, and overflows."
        ),
    )


def load_drug():
    """Protein expression against drug dose: 11 simulated measurements. One feature, micromolar."""
    _, _, random = _age()  # the text draws this noise after that of the ages
    dose = np.arange(0.0, 51.0, 5.0)
    protein = np.array([10, 15, 22, 28, 35, 42, 49, 55, 62, 69, 76.0]) + random.normal(0, 3, 11)
    return Dataset(
        name="drug",
        title="Protein expression against drug dose (11 simulated measurements)",
        X=dose[:, None],
        y=protein,
        X_test=np.array([[12.5], [37.5], [55.0]]),
        y_test=None,
        feature_names=["dose"],
        target_name="protein",
        units=("micromole per litre of drug", "units"),
        learning_rate=None,
        steps=0,
        expected={
            "slope": 1.2888,
            "intercept": 9.0782,
            "r2": 0.9909,
            "prediction_0": 25.19,
            "prediction_1": 57.41,
            "prediction_2": 79.96,
        },
        printed={},
        why=(
            "The text shows no output here. Its third dose, 55, lies outside the doses measured "
            "(0 to 50): that prediction is an extrapolation."
        ),
    )


def load_diabetes():
    """Disease progression of 442 patients, ten features, shuffled and split as in the text."""
    from sklearn.datasets import load_diabetes as load
    from sklearn.utils import shuffle

    bunch = load()
    X, y = shuffle(bunch.data, bunch.target, random_state=42)
    cut = int(len(X) * 0.8)
    return Dataset(
        name="diabetes",
        title="Disease progression of 442 patients (353 to train, 89 to test)",
        X=np.ascontiguousarray(X[:cut]),
        y=y[:cut],
        X_test=np.ascontiguousarray(X[cut:]),
        y_test=y[cut:],
        feature_names=list(bunch.feature_names),
        target_name="progression",
        units=("unit of age as scaled in the data", "points"),
        learning_rate=0.005,  # the text: 0.01 on half the mean squared error
        steps=200_000,
        expected={
            "intercept": 154.0565,
            "mse": 2749.2784,
            "test_mse": 3368.0414,
            "test_r2": 0.395081,
            "gd_intercept": 153.9944,
            "gd_mse": 2785.0750,
            "gd_test_mse": 3315.4952,
            "gd_test_r2": 0.404519,
        },
        printed={
            "test_mse": 3368.04,
            "test_r2": 0.40,
            "gd_test_mse": 3315.50,
            "gd_test_r2": 0.4045,
        },
        why=(
            "The text calls the gap between its two answers numerical precision. It is not: after "
            "200 000 steps the descent is 82% away from the solution (its s1 is -74.6, not "
            "-1017.4) and needs about 100 million. Its lower test error is luck of stopping early, "
            "which acts as shrinkage."
        ),
    )


def load_line():
    """A noisy straight line, 400 points, shuffled and split 80/20 as in the text."""
    random = np.random.RandomState(43)
    x = np.linspace(0, 100, 400)
    y = 3.5 * x + 10 + random.normal(0, 25, size=x.shape)
    order = random.permutation(len(x))
    train, test = order[:320], order[320:]
    return Dataset(
        name="line",
        title="A noisy straight line (320 points to train, 80 to test)",
        X=x[train, None],
        y=y[train],
        X_test=x[test, None],
        y_test=y[test],
        feature_names=["x"],
        target_name="y",
        units=("unit of x", "units"),
        learning_rate=2.5e-4,  # the text: 5e-4 without the factor 2
        steps=100_000,
        expected={
            "gd_slope": 3.480335975,
            "gd_intercept": 9.565100700,
            "gd_mse": 645.888775,
            "gd_test_mse": 500.235294,
            "gd_test_r2": 0.948834,
        },
        printed={"gd_slope": 3.48, "gd_intercept": 9.57, "gd_test_r2": 0.95},
        why=(
            "All right here. But the text drops the factor 2 of its own gradient and says that "
            "this does not affect the optimisation: with the factor its step, 5e-4, is above the "
            "largest stable one, 3.11e-4, and the run overflows before step 900."
        ),
    )


DATASETS = {
    "age": load_age,
    "drug": load_drug,
    "diabetes": load_diabetes,
    "line": load_line,
}


def load(name):
    """The data set of that name: age, drug, diabetes or line."""
    if name not in DATASETS:
        raise ValueError(f"unknown data set {name!r}: choose one of {', '.join(DATASETS)}")
    return DATASETS[name]()
