"""A foreign row is tried in a process of its own before it is timed: python -m ... SPEC NAME ...

It may be wrong, remember its answers, hang, exit or crash there. Each is told in a sentence.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

import numpy as np

from linreg_fast.bench import added
from linreg_fast.bench.expected import compared
from linreg_fast.data.gate import frozen

AGAIN, LONG_ENOUGH = 30, 1.0  # calls more in the trial, or seconds
PATIENCE = 20.0  # seconds for importing, for two calls, and for what they are compared with


def _sum_of_bits(X):
    """Tells whether an array was changed."""
    return zlib.crc32(X.ravel(order="K").view(np.uint8))


def sentence(problem, row, data, own, when=""):
    """What is wrong with an answer, or "". data: views of X and of own, the target that is ours."""
    before, bits = own.copy(), _sum_of_bits(data[0])
    try:
        result = row.solve(*data)
    except np.linalg.LinAlgError as error:
        return "" if not when else f"not solvable{when}: {error}"
    except Exception as error:
        return f"{type(error).__name__}{when}: {error}"
    if not np.array_equal(before, own, equal_nan=True):
        return "wrote to y"
    if _sum_of_bits(data[0]) != bits:
        return "wrote to X"
    found = compared(problem, row, *data, result)
    if isinstance(found, str) or found[0] <= found[1]:
        return ""
    return f"WRONG{when}: differs by {found[0]:.0e}, allowed {found[1]:.0e}"


def remembered(problem, row, data, own):
    """The same after y has other numbers at the same place: nothing may be remembered."""
    X = data[0]
    own += X[:, 0] - X[:, 0].mean() + own.std() * np.sign(own - own.mean())
    return sentence(problem, row, data, own, " when y's numbers change (does it remember answers?)")


def _tried(spec, problem, name, folder):
    X = np.load(Path(folder) / "X.npy")
    own = np.load(Path(folder) / "y.npy")
    (row,) = (row for row in added.load(spec).get(problem, ()) if row.name == name)
    data = frozen(X), frozen(own)  # the very same objects twice: one may remember them by that
    told = sentence(problem, row, data, own) or remembered(problem, row, data, own)
    started = time.monotonic()
    for _ in range(AGAIN):  # what tires, hangs or exits after some calls does so here
        if told or time.monotonic() - started > LONG_ENOUGH:
            break
        told = sentence(problem, row, data, own, " in a later call")
    return told


def _listed(spec):
    return {problem: [row.name for row in rows] for problem, rows in added.load(spec).items()}


def main(arguments):
    """Do what is asked and write the answer as JSON to the last argument."""
    what, *rest, path = arguments
    try:
        answer = {"found": _listed(*rest) if what == "list" else _tried(*rest)}
    except ValueError as error:
        answer = {"error": str(error)}
    Path(path).write_text(json.dumps(answer))


def _child(arguments, patience):
    """The answer of a child process, or {"error": how it ended}."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answer.json"
        command = [sys.executable, "-m", "linreg_fast.bench.trial", *arguments, str(path)]
        import linreg_fast

        root = str(Path(linreg_fast.__file__).parents[1])
        inherited = os.environ.get("PYTHONPATH")
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, [root, os.getcwd(), inherited])),
        }
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=patience,
                env=environment,
            )
        except subprocess.TimeoutExpired:
            return {"error": f"no answer within {patience:.0f} s"}
        if path.exists():
            return json.loads(path.read_text())
    if done.returncode < 0:
        return {"error": f"its process was ended by {signal.Signals(-done.returncode).name}"}
    return {"error": f"it ended the process with exit code {done.returncode}"}


def listed(spec, patience=PATIENCE):
    """problem -> names of the rows of `spec`; a ValueError if it cannot be loaded."""
    answer = _child(["list", spec], patience)
    if "error" in answer:
        told = answer["error"]
        raise ValueError(told if told.startswith("--add") else f"--add {spec}: {told}")
    return answer["found"]


def tried(problem, row, X, y, patience=PATIENCE):
    """What is wrong with a foreign row on this data, or "" if it may be timed."""
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "X.npy", X)
        np.save(Path(folder) / "y.npy", y)
        answer = _child(["try", row.source, problem, row.name, folder], patience)
    return answer.get("error") or answer.get("found", "")


if __name__ == "__main__":
    main(sys.argv[1:])
