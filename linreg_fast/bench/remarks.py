"""A rung compiled anew, to see which source line is hot and what LLVM's vectoriser said of each.

In a process of its own with an empty code cache: python -m ... PROBLEM RUNG N P DTYPE ORDER FILE.
Only the tables of lines are asked for: NUMBA_DEBUGINFO would also check bounds, and then the loop
is another one. LLVM writes its remarks to file descriptor 2.
"""

import contextlib
import json
import linecache
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from linreg_fast.bench import children

REMARK = re.compile(r"remark: ([^\s:]+):(\d+):\d+: (.*)")
BESIDE = 2  # source lines shown before and after
LEAST_SHARE = 0.02  # of the loop's instructions


def _with_line_tables():
    """Have all that is compiled from now on know its source lines, and LLVM say what it does."""
    import llvmlite.binding as llvm

    from linreg_fast.runtime import numba_internals

    numba_internals.ask_for_line_tables()
    for kind in ("", "-missed", "-analysis"):
        llvm.set_option("", f"-pass-remarks{kind}=loop-vectorize")


@contextlib.contextmanager
def _second_descriptor(found):
    """What is written to file descriptor 2 meanwhile is appended to `found`."""
    before = os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(before, 2)
            os.close(before)
            file.seek(0)
            found.append(file.read().decode(errors="replace"))


def _said(text):
    """(file name, line) -> what LLVM remarked, without its advice on pragmas of C."""
    found = {}
    for file, line, said in REMARK.findall(text):
        said = re.sub(r"\.?\s*Use (?:#pragma|-R).*", "", said).strip()
        lines = found.setdefault((os.path.basename(file), int(line)), [])
        if said not in lines:
            lines.append(said)
    return found


def _source(path, places, said):
    """The lines of a file that are in the loop, and those around: [number, text, count, remarks].

    A line that has hardly an instruction there is left out: LLVM moves some.
    """
    counts: dict[int, int] = {}
    for (file, line), count in places.items():
        if os.path.basename(file) == path.name:
            counts[line] = counts.get(line, 0) + count
    least = LEAST_SHARE * sum(counts.values())
    hot = {line for line, count in counts.items() if line > 0 and count >= least}
    shown = {line + k for line in hot for k in range(-BESIDE, BESIDE + 1)}
    return [
        (line, text.rstrip("\n"), counts.get(line, 0), said.get((path.name, line), []))
        for line, text in enumerate(linecache.getlines(str(path)), 1)
        if line in shown
    ]


def _path_of(file):
    """Where a source file of the package lies, from its name in a listing."""
    root = Path(sys.modules["linreg_fast"].__file__).parent
    paths = list(root.rglob(os.path.basename(file)))
    return next((path for path in paths if str(path).endswith(file)), paths[0] if paths else None)


def main(arguments):
    """Compile, and write what was found as JSON."""
    problem, rung, n, p, dtype, order, out = arguments
    _with_line_tables()
    import numpy as np

    from linreg_fast.bench import compiled, explain, listing
    from linreg_fast.bench.cases import generate
    from linreg_fast.data.gate import frozen

    X, y = (np.asarray(part, dtype) for part in generate(int(n), int(p)))
    X = np.asfortranarray(X) if order == "F" else X
    logs: list[str] = []
    with _second_descriptor(logs):
        found = compiled.used(compiled.caller(problem, rung, frozen(X), frozen(y)))
    columns = explain.along(problem, rung, X, y)
    best = compiled.hot_loop(found, columns)
    answer = {"source": [], "file": None}
    if best is not None:
        _, places = listing.located(best[2], columns)
        said = _said(logs[0])
        if places:
            hottest = max(places, key=places.get)[0]
            path = _path_of(hottest)
            if path is not None:
                answer = {
                    "file": "/".join(path.parts[-3:]),
                    "source": _source(path, places, said),
                }
    Path(out).write_text(json.dumps(answer))


def of(problem, rung, X, patience=180.0):
    """{"file", "source"} of a rung on data like X, or {"error": ...}: takes some seconds."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "remarks.json"
        order = "F" if X.flags.f_contiguous and not X.flags.c_contiguous else "C"
        facts = [problem, rung, str(len(X)), str(X.shape[1]), str(X.dtype), order, str(out)]
        asked = ["-m", "linreg_fast.bench.remarks", *facts]
        debug = ("NUMBA_DEBUGINFO",)
        try:
            done = children.run(asked, patience, debug, NUMBA_CACHE_DIR=folder)
        except subprocess.TimeoutExpired:
            return {"error": f"not compiled again within {patience:.0f} s"}
        if out.exists():
            return json.loads(out.read_text())
        told = children.last_words(done.returncode, done.stderr)
        return {"error": f"not compiled again: {told}"}


if __name__ == "__main__":
    main(sys.argv[1:])
