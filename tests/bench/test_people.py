"""The data that people have: every row is right and measured; what is planted wrong is told."""

import numpy as np
import pytest

from linreg_fast.bench import people, people_busy, people_tables, people_ways, record
from linreg_fast.bench.cases import MANY, PEOPLE, PROBLEMS
from linreg_fast.bench.people_data import columns, dummies

SIZES = {"frame": (80, 10), "targets": (60, 4), "sparse": (400, 30), "busy": (300, 3)}


def tables_of(problem):
    size = SIZES.get(problem, (90, 14))
    return list(people_tables.tables(problem, True, size, True, 0.0))


@pytest.mark.needs_jit  # interpreted it takes minutes
@pytest.mark.parametrize("problem", [name for name in PEOPLE if name != "first"])
def test_every_row_is_right(problem):
    found = tables_of(problem)
    assert len(found) == {"correlated": 3, "dummies": 2, "busy": 3}.get(problem, 1)
    for table in found:
        rows = record.timed(table)
        assert not record.wrong([table])
        assert {"ours", "peer"} == {row["kind"] for row in rows}
        for pair in table["beside"]:
            assert pair["ratio"] > 0
            assert "times as long as" in record.beside(pair)
        # Limits are those of a machine that is one's own.
        assert (table["limits"] is None) == (problem in ("sparse", "busy"))
    record.dumps({"machine": {}, "tables": found})


def test_a_wrong_answer_is_told():
    X, y = columns(np.random.default_rng(1), 60, 14)
    way = people_ways.our_way(X, y, people.expected_fit)
    half = way._replace(row=way.row._replace(name="half", solve=lambda X, y: (X[0], y[:1])))
    table = people_tables._table(people_ways.Work("correlated", "x", X, y, [way, half]), 0.0, print)
    assert record.wrong([table]) == ["half"]


def test_columns_have_the_condition_number(rng):
    for condition in people.CONDITIONS:
        X, _ = columns(rng, 4000, 8, condition)
        Z = X - X.mean(axis=0)
        found = np.linalg.cond(Z / np.linalg.norm(Z, axis=0))
        assert condition / 8 < found < 8 * condition
    X, _ = dummies(rng, 300, 4, 3, True)
    assert np.linalg.matrix_rank(X - X.mean(axis=0)) == X.shape[1] - 2


def test_names_and_shapes():
    assert not set(PEOPLE) & {*PROBLEMS, *MANY}
    assert set(people.SHAPES) == set(people.TITLES) == set(PEOPLE)
    with pytest.raises(ValueError, match="need 14 columns"):
        list(people.works("dummies", True, (50, 5)))


def test_first_fits_are_of_new_processes(tmp_path):
    # Of the peer, which compiles nothing.
    assert people_busy._first(50, 3, "sklearn.linear_model", str(tmp_path)) > 0
    with pytest.raises(RuntimeError, match="no_such_module"):
        people_busy._first(50, 3, "no_such_module", str(tmp_path))
