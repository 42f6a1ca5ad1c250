"""Planted rows: equal ones are called the same or undecided, more work is never found faster.

The samples are made here, so that nothing depends on the machine: each round has a weather that all
rows share, each sample its own noise, and some are disturbed.
"""

import numpy as np
import pytest

from linreg_fast.bench import verdict

ROUNDS, TRIALS = 30, 300


def weather_of(rng, kind, rounds=ROUNDS):
    """What all rows of a round share."""
    if kind == "drift":
        return np.exp(np.cumsum(rng.normal(0, 0.05, rounds)))
    if kind == "steps":  # the clock changes, or a neighbour comes
        return np.where(rng.random(rounds) < 0.3, 1.6, 1.0)
    return np.ones(rounds)


def samples_of(rng, weather, work, noise):
    """(seconds, undisturbed) of a row: rare disturbances of up to some slices of a scheduler."""
    disturbed = rng.random(len(weather)) < 0.3
    seconds = work * weather * np.exp(rng.normal(0, noise, len(weather)))
    seconds += disturbed * rng.exponential(4.0, len(weather))
    # A disturbance may be missed by those who count: one in ten of them is.
    return seconds, ~(disturbed & (rng.random(len(weather)) < 0.9))


def words(rng, more, kind, noise):
    found = []
    for _ in range(TRIALS):
        weather = weather_of(rng, kind)
        one = samples_of(rng, weather, 1.0, noise)
        other = samples_of(rng, weather, 1.0 + more, noise)
        found.append(verdict.compared(other, one, rng).word)
    return found


@pytest.mark.parametrize("noise", [0.01, 0.05, 0.15])
@pytest.mark.parametrize("kind", ["still", "drift", "steps"])
def test_equal_rows_are_rarely_called_different(rng, kind, noise):
    found = words(rng, 0.0, kind, noise)
    assert found.count("faster") + found.count("slower") <= TRIALS / 20


@pytest.mark.parametrize("noise", [0.01, 0.05, 0.15])
@pytest.mark.parametrize("kind", ["still", "drift", "steps"])
def test_more_work_is_found_or_undecided_and_never_the_wrong_way(rng, kind, noise):
    found = words(rng, 0.3, kind, noise)
    assert found.count("slower") + found.count("undecided") >= TRIALS * 19 / 20
    assert "faster" not in found
    if noise <= 0.05:
        assert found.count("slower") >= TRIALS * 19 / 20


def test_the_same_is_said_only_of_a_narrow_interval():
    assert verdict.word(-0.04, 0.04) == "same"
    assert verdict.word(-0.06, 0.01) == "undecided"
    assert verdict.word(0.03, 0.2) == "slower"
    assert verdict.word(-0.2, -0.03) == "faster"
    assert verdict.word(0.01, 0.2) == "undecided"


def test_few_undisturbed_rounds_are_busy_and_compared_coarsely(rng):
    calm = np.arange(ROUNDS) < 5
    one = 1 + 0.01 * rng.random(ROUNDS)
    assert not verdict.compared((1.05 * one, ~calm), (one, ~calm), rng).busy
    found = verdict.compared((1.05 * one, calm), (one, calm), rng)
    assert found.busy
    assert found.word != "slower"  # 5% is within what a busy machine does
    assert verdict.compared((1.5 * one, calm), (one, calm), rng).word == "slower"
    assert verdict.typical(one, calm).busy
    assert not verdict.typical(one, ~calm).busy


def test_rounds_without_a_row_do_not_count(rng):
    one = 1 + 0.01 * rng.random(ROUNDS)
    other = 2 * one
    other[::2] = np.nan
    calm = np.ones(ROUNDS, bool)
    found = verdict.compared((other, calm), (one, calm), rng)
    assert found.rounds == ROUNDS // 2
    assert found.ratio == pytest.approx(2)
    assert found.inverse().ratio == pytest.approx(0.5)
    assert found.inverse().word == "faster"
    nothing = verdict.compared((np.full(ROUNDS, np.nan), calm), (one, calm), rng)
    assert nothing.word == "undecided"


def test_a_tight_process_among_others_has_a_wide_interval(rng):
    """Processes differ more than their samples do: the interval is that of the processes."""
    runs = [np.full(20, place) * np.exp(rng.normal(0, 1e-3, 20)) for place in (1.0, 1.3, 1.1)]
    middle, low, high = verdict.over_runs(runs, rng)
    assert 1.0 < middle < 1.3
    assert high / low > 1.1


def test_a_limit_is_a_fast_undisturbed_sample(rng):
    seconds = rng.uniform(1, 2, 100)
    calm = rng.random(100) < 0.5
    found, seen = verdict.best(np.where(calm, seconds, 0.1), calm)
    assert seen
    assert 1.0 <= found <= 1.5
    assert not verdict.best(seconds, np.zeros(100, bool))[1]
