"""The four texts' problems give exactly the numbers that are known to be true of them."""

import numpy as np
import pytest

from linreg_fast import datasets, demos
from linreg_fast.datasets import DATASETS
from linreg_fast.inference import intervals


@pytest.mark.parametrize("name", DATASETS)
def test_every_expected_number_is_found(name):
    demo = demos.run(datasets.load(name))
    assert demo.wrong == []


@pytest.mark.parametrize("name", DATASETS)
def test_a_wrong_number_would_be_found(name):
    data = datasets.load(name)
    demo = demos.run(data)
    for key, value in data.expected.items():
        (line,) = demos.unexpected(demo.found, data.expected | {key: value * 1.001 + 1e-3})
        assert line.startswith(f"{key}: expected")
        (line,) = demos.unexpected(demo.found | {key: np.nan}, data.expected)
        assert line.startswith(f"{key}: expected")


def test_the_random_state_of_others_is_left_alone():
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    for name in DATASETS:
        datasets.load(name)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


def test_shapes():
    shapes = {name: datasets.load(name).X.shape for name in DATASETS}
    assert shapes == {"age": (50, 1), "drug": (11, 1), "diabetes": (353, 10), "line": (320, 1)}
    with pytest.raises(ValueError, match="unknown data set 'iris': choose one of age"):
        datasets.load("iris")


def test_half_a_digit():
    assert demos.half_a_digit(0.470209) == pytest.approx(5e-7)
    assert demos.half_a_digit(4.030e-4) == pytest.approx(5e-7)
    assert demos.half_a_digit(3368.0414) == pytest.approx(5e-5)


def test_descriptions_say_what_was_printed_and_what_is_true():
    data = datasets.load("age")
    text = "\n".join(demos.describe(data, demos.run(data)))
    for part in (
        "0.5142",
        "0.679259",
        "0.470209",
        "For every year of age, gene expression rises by",
    ):
        assert part in text


def test_intervals_cover_as_often_as_they_say(rng):
    """Over many draws the 90% bands hold the true mean and a new point 90% of the time."""
    from linreg_fast import LinearRegression

    inside = np.zeros(2)
    draws = 1500
    for _ in range(draws):
        X = rng.normal(5, 2, (12, 2))
        y = X @ [1.0, -2.0] + 3 + rng.normal(size=12)
        model = LinearRegression().fit(X, y)
        mse = np.mean((model.predict(X) - y) ** 2)
        where = rng.normal(5, 2, (1, 2))
        bands = intervals(model.moments_, mse, where, level=0.9)
        error = model.predict(where) - (where @ [1.0, -2.0] + 3)
        inside += [
            abs(error[0]) <= bands.confidence[0],
            abs(error[0] - rng.normal()) <= bands.prediction[0],
        ]
    # 5 standard deviations of a binomial count
    assert np.all(np.abs(inside / draws - 0.9) < 5 * np.sqrt(0.09 / draws))


def test_intervals_need_degrees_of_freedom(rng):
    from linreg_fast import moments

    with pytest.raises(ValueError, match="no degrees of freedom"):
        intervals(moments([1.0, 2.0], [1.0, 2.0]), 0.0, np.ones((1, 1)))
