"""A whole bench: data, tables, sweeps and comparisons, in one record that grows as it runs."""

from dataclasses import dataclass, field, replace

import numpy as np

from linreg_fast.bench import added, apart, record, report, sweep
from linreg_fast.bench.cases import OWN_DATA, PEOPLE, PEOPLE_FITS, PROBLEMS, SOURCES, rows
from linreg_fast.bench.machine import machine, weather
from linreg_fast.bench.measure import faults
from linreg_fast.bench.watch import NOBODY, Watch

CONDITIONS = tuple(10.0**k for k in range(0, 15, 2))
QUICK_SECONDS = 0.1  # of a row's samples: up to here the sweep of a small problem is shorter
RUNG_PROBLEMS = ("mse", "gradient", "moments")


def joined_names(parts, known):
    """Names of rows from what stood between commas, since some names have a comma themselves.

    The longest that are known; where none are (None), all that the parts may spell.

    >>> joined_names(("polars", "lazy sums", "numpy"), {"polars, lazy sums", "polars", "numpy"})
    ('polars, lazy sums', 'numpy')
    """
    found, start = [], 0
    while start < len(parts):
        ends = {", ".join(parts[start:end]): end for end in range(len(parts), start, -1)}
        if known is None:
            found += ends
            start += 1
            continue
        name = next((name for name in ends if name in known), parts[start])
        found.append(name)
        start = ends[name]
    return tuple(found)


def _no_row(name):
    return ValueError(f"there is no row {name!r} in these tables (--rows)")


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
    """Runs a plan. `record` is there at any time, also after Ctrl-C.

    watch: of the process that measures rows from outside, in that process.
    """

    def __init__(self, plan, tell=None, watch=None):
        self.plan = plan
        self._tell = tell or (lambda text: None)
        self._watch = watch
        self._added = self._load()
        self.plan = replace(plan, rows=joined_names(plan.rows, self._known()))
        self.record = {"machine": machine(), "weather": None, "tables": [], "sweeps": []}
        self.record["digits"] = self.record["against"] = self.record["code"] = None

    def _load(self):
        """problem -> rows of --add, loaded in another process before in this one."""
        found: dict[str, list] = {}
        for spec in self.plan.add:
            self._tell(f"loading {spec}")
            if self._watch is None:
                apart.listed(spec)
            for problem, ways in added.load(spec).items():
                found.setdefault(problem, []).extend(ways)
        for name, thing in self.plan.callables.items():
            found.setdefault("fit", []).append(added.fit_row(name, thing, "given by the caller"))
        asked = {"fit" if problem in PEOPLE_FITS else problem for problem in self.plan.problems}
        if found and not asked & set(found):
            given = "--add gives rows" if self.plan.add else "functions and estimators are rows"
            raise ValueError(f"{given} of {', '.join(found)}: none of the problems asked for")
        return found

    def rows_of(self, problem):
        """The rows of a table. A ValueError for a name that no table has."""
        table = self._every_row(problem)
        if not self.plan.rows:
            return table
        return [row for row in table if row.name in self.plan.rows or row.kind == "added"]

    def _every_row(self, problem):
        table = [*rows(problem, self.plan.peers), *self._added.get(problem, ())]
        return added.checked_names(table)

    def _known(self):
        """Names of all rows; None with the data that people have, until that is drawn."""
        problems = self.plan.problems
        if not self.plan.rows or set(problems) & set(PEOPLE):
            return None
        usual = [problem for problem in problems if problem not in OWN_DATA]
        known = {row.name for problem in usual for row in self._every_row(problem)}
        if SOURCES in problems:
            from linreg_fast.bench import sources

            known |= sources.names()
        return known

    def check_rows(self):
        """A ValueError for a name in `rows` that no table has."""
        known = self._known()
        for name in self.plan.rows:
            if name and known is not None and name not in known:
                raise _no_row(name)

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
                table = self._table(label, problem, table_rows, X, y)
                if record.call_bound(table) and problem in RUNG_PROBLEMS and not self.plan.rows:
                    table["pays"] = self._pays(problem, X.shape[1])
                self._keep(table, on_table)
        for problem in self.plan.problems:
            if problem in OWN_DATA:
                self._own_data(problem, on_table)
        if self.plan.rows and not self.record["tables"]:
            raise _no_row(self.plan.rows[0])
        if self.plan.sweep is not None:
            self._sweep(data)
        return self.record

    def _table(self, label, problem, table_rows, X, y):
        """A table, in another process if there are rows in it that may not come back."""
        names = [row.name for row in table_rows if row.source]
        watch = self._watch or NOBODY
        if names and self._watch is None:
            # Functions given from Python stay where they are, and the others are tried elsewhere.
            task = ["table", label, problem] if not self.plan.callables else ["faults", problem]
            plan = replace(self.plan, callables={})
            (found,) = apart.results(plan, task, (X, y), names, self._tell)
            if not self.plan.callables:
                return found
            watch = Watch(found)
        asked = label, problem, table_rows, X, y, self.plan.seconds, self._tell, watch
        return report.one_table(*asked)

    def results(self, task, data, skip=0):
        """Yield what another process is asked for, see `apart`: plain numbers and texts.

        task: ["table", label, problem] or ["faults", problem] of the data X and y, ["people",
        problem], or ["digits", names of wrong rows]. skip: results that are there already.
        """
        kind, *about = task
        if kind == "table":
            yield self._table(*about, self.rows_of(about[-1]), *data)
        elif kind == "faults":
            foreign = [row for row in self.rows_of(*about) if row.source]
            yield faults(*about, foreign, *data, self._watch)
        elif kind == "people":
            yield from self._people_tables(*about, skip)
        else:
            yield self._digits(*about)

    def _keep(self, table, on_table):
        self.record["tables"].append(table)
        seen = [one["disturbed"] for one in self.record["tables"]]
        self.record["weather"] = weather(float(np.mean(seen)))
        if on_table is not None:
            on_table(table)

    def _own_data(self, problem, on_table):
        """The tables of the data that people have, and of files."""
        names = [row.name for row in self._added.get("fit", ()) if row.source]
        if problem == SOURCES:
            tables = self._sources_tables(problem)
        elif names and problem in PEOPLE_FITS:
            tables = apart.results(self.plan, ["people", problem], (), names, self._tell)
        else:
            tables = self._people_tables(problem)
        for table in tables:
            self._keep(table, on_table)

    def _sources_tables(self, problem):
        from linreg_fast.bench import sources

        plan = self.plan
        asked = problem, plan.quick, plan.size, plan.peers, plan.seconds, self._tell
        return sources.tables(*asked, plan.rows)

    def _people_tables(self, problem, skip=0):
        from linreg_fast.bench import people_tables

        plan, foreign = self.plan, self._added.get("fit", ())
        asked = problem, plan.quick, plan.size, plan.peers, plan.seconds, self._tell
        watch = self._watch or NOBODY
        return people_tables.tables(*asked, plan.rows, foreign, skip, watch)

    def _digits(self, wrong):
        """Digits by condition, of rows that are not known to be wrong."""
        watch = self._watch or NOBODY
        left_out = {*wrong, *watch.faulty}
        table = [row for row in self.rows_of("fit") if row.name not in left_out]
        found = sweep.condition(CONDITIONS, on_point=self._tell, rows_of=table, watch=watch)
        return {**found, "faulty": watch.faulty}

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
            names = [row.name for row in self.rows_of("fit") if row.source]
            wrong = record.wrong(self.record["tables"])
            if names:
                asked = self.plan, ["digits", wrong], (), names, self._tell
                (self.record["digits"],) = apart.results(*asked)
            else:
                self.record["digits"] = self._digits(wrong)
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
