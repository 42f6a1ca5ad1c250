"""Measure each row of kernels/tuning.py and runtime/tuning.py again, here and now.

python benchmarks/tune.py [--only NAME[,NAME]] [--quick]

For each constant three processes run the shape that it decides, with half of its value, with its
value, and with twice: they take turns, a sample each, in random order. Kernels read the constants
when they are compiled, so each process compiles its own, in a code cache of its own. A ratio is
time at the other value over time at the present one, with its interval; above 1 the present value
is the better one. All of them take about an hour.
"""

import argparse
import ast
import importlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tune_work import call_of, work_of

HERE = Path(__file__).parent
ROOT = HERE.parent
MODULES = ("linreg_fast.kernels.tuning", "linreg_fast.runtime.tuning")
ROUNDS, QUICK_ROUNDS = 40, 15

# No sizes: what the processor has, a mark, how long one waits for Ctrl-C, text.
LEFT_OUT = {"AVX512", "WIDE", "ALWAYS", "GLANCE_SECONDS", "FEW_SPINS"}


def constants():
    """name -> (module, value) of every size in the two files."""
    found = {}
    for module in MODULES:
        loaded = importlib.import_module(module)
        for name, value in vars(loaded).items():
            if name.isupper() and name[0] != "_" and name not in LEFT_OUT:
                found[name] = module, value
    return found


class _Replaced(ast.NodeTransformer):
    """Gives a name another value where it is assigned: by itself, or in a pair with others."""

    def __init__(self, name, value):
        self.name, self.value = name, value

    def visit_Assign(self, node):
        target = node.targets[0]
        names = target.elts if isinstance(target, ast.Tuple) else [target]
        for place, one in enumerate(names):
            if getattr(one, "id", None) == self.name:
                node.value = self._changed(node.value, place, isinstance(target, ast.Tuple))
        return node

    def _changed(self, value, place, paired):
        constant = ast.Constant(self.value)
        if not paired:
            return constant
        parts = list(value.elts)
        parts[place] = constant
        return ast.Tuple(parts, ast.Load())


def patch(module, name, value):
    """Import a tuning module with one constant changed; what follows from it follows."""
    spec = importlib.util.find_spec(module)
    tree = _Replaced(name, value).visit(ast.parse(Path(spec.origin).read_text()))
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[module] = loaded
    exec(compile(ast.fix_missing_locations(tree), spec.origin, "exec"), vars(loaded))
    if getattr(loaded, name) != value:
        raise ValueError(f"{name} is not assigned where it could be changed")


def child(module, name, value, work, n, p, options):
    """A process with one constant changed: a sample for each line that it is sent."""
    import warnings

    warnings.simplefilter("ignore")
    patch(module, name, json.loads(value))
    from linreg_fast.bench.accounting import Accounts
    from linreg_fast.bench.rounds import Lane

    lane = Lane(call_of(work, int(n), int(p), options))
    lane.call()
    lane.calibrate()
    accounts = Accounts()
    print("ready", flush=True)
    for _ in sys.stdin:
        found = accounts.watch(lane.call, lane.calls)
        print(json.dumps([found.seconds, found.calm]), flush=True)


def alternatives(value):
    """Half, the same, twice."""
    half, twice = value / 2, value * 2
    if isinstance(value, int):
        half = max(value // 2, 1)
    return {"half": half, "same": value, "twice": twice}


def measured(name, module, value, rounds, folder):
    """what -> `verdict.Compared` of the other values, or a text where one does not work."""
    import numpy as np

    from linreg_fast.bench import verdict

    started, found = {}, {}
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for what, other in alternatives(value).items():
        arguments = [module, name, json.dumps(other), *map(str, work_of(name))]
        started[what] = subprocess.Popen(
            [sys.executable, __file__, "--child", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**environment, "NUMBA_CACHE_DIR": str(Path(folder) / f"{name}-{what}")},
        )
    try:
        for what, process in started.items():
            if process.stdout.readline().strip() != "ready":
                told = process.stderr.read().strip().splitlines()[-1:] or ["it ended"]
                found[what] = told[0][:40]
        samples = {what: [] for what in started if what not in found}
        rng = np.random.default_rng()
        for _ in range(rounds if "same" in samples else 0):
            for what in rng.permutation(list(samples)):
                started[what].stdin.write("\n")
                started[what].stdin.flush()
                samples[what].append(json.loads(started[what].stdout.readline()))
        series = {what: tuple(map(np.array, zip(*s, strict=True))) for what, s in samples.items()}
        for what in ("half", "twice"):
            if what in series and "same" in series:
                found[what] = verdict.compared(series[what], series["same"])
    finally:
        for process in started.values():
            process.kill()
            process.communicate()
    return found


def written(found):
    """A cell of the table."""
    if found is None or isinstance(found, str):
        return found or "-"
    return f"{found.ratio:.2f} ({found.low:.2f}-{found.high:.2f}) {found.word}"


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", metavar="NAME", help="these constants, a,b")
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    options = parser.parse_args(arguments)
    known = constants()
    names = options.only.split(",") if options.only else list(known)
    for name in names:
        if name not in known:
            parser.error(f"there is no size called {name}")
    print("| constant | value | shape | half: time / now | twice: time / now |")
    print("|---|---:|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            module, value = known[name]
            rounds = QUICK_ROUNDS if options.quick else ROUNDS
            found = measured(name, module, value, rounds, folder)
            work, n, p, more = work_of(name)
            cells = (written(found.get(what)) for what in ("half", "twice"))
            shape = f"{work} {n:,} x {p} {more}".replace(",", " ").strip()
            print(f"| `{name}` | {value:g} | {shape} | {' | '.join(cells)} |", flush=True)
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        sys.path.insert(0, str(ROOT))
        child(*sys.argv[2:])
    else:
        sys.path.insert(0, str(ROOT))
        sys.exit(main(sys.argv[1:]))
