"""A whole bench: data, tables, sweeps and comparisons, in one record that grows as it runs."""

from dataclasses import dataclass, field

import numpy as np

from linreg_fast.bench import added, record, report, sweep, trial
from linreg_fast.bench.cases import PEOPLE, PROBLEMS, rows
from linreg_fast.bench.machine import machine, weather

CONDITIONS = tuple(10.0**k for k in range(0, 15, 2))
QUICK_SECONDS = 0.1  # of a row's samples: up to here the sweep of a small problem is shorter
RUNG_PROBLEMS = ("mse", "gradient", "moments")


@dataclass
class Plan:
    """What a bench is asked to do."""

    problems: tuple = PROBLEMS
    seconds: float = 0.5  # of samples for each row
    rows: tuple = ()  # names; all where empty
    add: tuple = ()  # --add
    peers: bool = False
    quick: bool = False
    size: tuple | None = None  # rows and columns of the data that people have, if not its own
    sweep: str | None = None  # rows, columns, condition
    runs: int = 1  # processes
    callables: dict = field(default_factory=dict)  # name -> way to fit, from Python


class Session:
    """Runs a plan. `record` is there at any time, also after Ctrl-C."""

    def __init__(self, plan, tell=None):
        self.plan = plan
        self._tell = tell or (lambda text: None)
        self._added = self._load()
        self.record = {"machine": machine(), "weather": None, "tables": [], "sweeps": []}
        self.record["digits"] = self.record["against"] = self.record["code"] = None

    def _load(self):
        """problem -> rows of --add, loaded in another process before in this one."""
        found: dict[str, list] = {}
        for spec in self.plan.add:
            self._tell(f"loading {spec}")
            trial.listed(spec)
            for problem, ways in added.load(spec).items():
                found.setdefault(problem, []).extend(ways)
        for name, thing in self.plan.callables.items():
            found.setdefault("fit", []).append(added.fit_row(name, thing, "given by the caller"))
        missing = [problem for problem in found if problem not in self.plan.problems]
        if missing and not any(problem in found for problem in self.plan.problems):
            raise ValueError(f"--add gives rows of {', '.join(missing)}: none of --problem")
        return found

    def rows_of(self, problem):
        """The rows of a table. A ValueError for a name that no table has."""
        table = [*rows(problem, self.plan.peers), *self._added.get(problem, ())]
        added.checked_names(table)
        if not self.plan.rows:
            return table
        return [row for row in table if row.name in self.plan.rows or row.kind == "added"]

    def check_rows(self):
        """A ValueError for a name in `rows` that no table has."""
        usual = [problem for problem in self.plan.problems if problem not in PEOPLE]
        known = {row.name for problem in usual for row in self.rows_of(problem)}
        for name in self.plan.rows:
            # Those of the data that people have are known when it is drawn.
            if name and name not in known and len(usual) == len(self.plan.problems):
                raise ValueError(f"there is no row {name!r} in these tables (--rows)")

    def run(self, data, on_table=None):
        """Measure the tables of (label, X, y), one after the other; return the record.

        A fourth member names the problems that the data is for, instead of all of the plan's.
        """
        self.check_rows()
        for label, X, y, *only in data:
            for problem in only[0] if only else self.plan.problems:
                table_rows = self.rows_of(problem)
                if not table_rows:
                    continue
                table = report.one_table(
                    label, problem, table_rows, X, y, self.plan.seconds, self._tell
                )
                if record.call_bound(table) and problem in RUNG_PROBLEMS and not self.plan.rows:
                    table["pays"] = self._pays(problem, X.shape[1])
                self._keep(table, on_table)
        for problem in self.plan.problems:
            if problem in PEOPLE:
                self._people(problem, on_table)
        if self.plan.sweep is not None:
            self._sweep(data)
        return self.record

    def _keep(self, table, on_table):
        self.record["tables"].append(table)
        seen = [one["disturbed"] for one in self.record["tables"]]
        self.record["weather"] = weather(float(np.mean(seen)))
        if on_table is not None:
            on_table(table)

    def _people(self, problem, on_table):
        """The tables of the data that people have."""
        from linreg_fast.bench import people_tables

        plan = self.plan
        asked = problem, plan.quick, plan.size, plan.peers, plan.seconds, self._tell
        for table in people_tables.tables(*asked, plan.rows):
            self._keep(table, on_table)

    def _pays(self, problem, p):
        sizes = sweep.FEW_ROWS if self.plan.seconds > QUICK_SECONDS else sweep.FEW_ROWS[:-1]
        swept = self._swept(problem, [(n, p) for n in sizes], 0.0)
        swept["kind"] = "rows"
        self.record["sweeps"].append(swept)
        return sweep.pays(swept)

    def _swept(self, problem, sizes, seconds):
        return sweep.measure(problem, sizes, seconds, self._tell)

    def _sweep(self, data):
        if self.plan.sweep == "condition":
            wrong = record.wrong(self.record["tables"])  # it may hang, too
            table = [row for row in self.rows_of("fit") if row.name not in wrong]
            self.record["digits"] = sweep.condition(CONDITIONS, on_point=self._tell, rows_of=table)
            return
        for problem in self.plan.problems:
            if problem in RUNG_PROBLEMS:
                sizes = sweep.sizes_of(self.plan.sweep)
                swept = self._swept(problem, sizes, min(self.plan.seconds, 0.1))
                swept["kind"] = self.plan.sweep
                self.record["sweeps"] = [
                    one
                    for one in self.record["sweeps"]
                    if (one["problem"], one["kind"]) != (problem, self.plan.sweep)
                ]
                self.record["sweeps"].append(swept)
