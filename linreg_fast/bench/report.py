"""Measuring tables: the data, the rows, one after the other. What is drawn from it lies beside."""

from sklearn.datasets import load_diabetes

from linreg_fast.bench import many, record
from linreg_fast.bench.cases import MANY, OWN_DATA, PROBLEMS, generate, rows
from linreg_fast.bench.machine import machine
from linreg_fast.bench.measure import measure_table
from linreg_fast.bench.record import TITLES
from linreg_fast.bench.sweep import check_size
from linreg_fast.bench.table import print_table
from linreg_fast.bench.watch import NOBODY
from linreg_fast.data import jsonfile
from linreg_fast.runtime.interrupt import interruptible
from linreg_fast.runtime.tuning import ALWAYS

__all__ = ["TITLES", "default_data", "machine", "print_table", "run", "write_json"]


def default_data(quick, problems=PROBLEMS):
    """(label, X, y, problems): the real data, and generated data that does not fit in the caches.

    Many fits at once have generated data of their own shapes.
    """
    usual = tuple(problem for problem in problems if problem not in (*MANY, *OWN_DATA))
    if usual:
        bunch = load_diabetes()
        yield "diabetes", bunch.data, bunch.target, usual
        n = 50_000 if quick else 1_000_000
        yield "generated", *generate(n, 10), usual
    for problem in problems:
        if problem in MANY:
            n, p = many.shape_of(problem, quick)
            check_size(n, p + many.targets_of(problem, quick) - 1)
            yield *many.draw(problem, n, p, quick), (problem,)


def run(data, problems=PROBLEMS, budget=0.5, on_row=None, choose=rows):
    """Measure every row of every problem on every (label, X, y): a list of tables.

    budget: seconds for the samples of a row. choose: problem -> its rows.
    """
    return [
        one_table(label, problem, choose(problem), X, y, budget, on_row)
        for label, X, y, *only in data
        for problem in (only[0] if only else problems)
    ]


def one_table(label, problem, rows, X, y, budget, on_row=None, watch=NOBODY):
    """The table of one problem on one data set."""

    def tell(name):
        if on_row is not None:
            on_row(f"{label} {len(X)} x {X.shape[1]}: {problem}, {name}")

    # Some rows take seconds in one call of NumPy.
    found = interruptible(ALWAYS, measure_table, problem, rows, X, y, budget, tell, watch)
    return record.table_of(label, problem, *found, X, y)


def write_json(path, tables, **more):
    """Machine and tables. A disagreement that is not a number at all is written as null."""
    content = {"machine": machine(), "tables": tables, **more}
    jsonfile.write_text(path, record.dumps(content))
