"""Tables with rows from outside are measured in a process of their own: python -m ... FOLDER.

A row that does not come back cannot be interrupted from within: compiled code keeps the
interpreter's lock, and a thread cannot be ended. So the process that measures writes down what it
calls next, and this one looks: after too long it is ended, the row is told in a sentence, and the
task begins again without it. Whatever the row is made of, Python, Numba or C, and whatever it does,
hang, exit or crash. All rows of a table are still measured in one process, in the same rounds.
"""

import dataclasses
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from linreg_fast.bench import added, children
from linreg_fast.bench.watch import Watch

PATIENCE = 20.0  # seconds for a call, or for the calls of a sample
GLANCE = 0.1  # seconds between looks
ROOM = 1024  # bytes of what is written down
MODULE = "linreg_fast.bench.apart"
FAILED = "the process that measures failed"
CODING = {"encoding": "utf-8"}


class Board(Watch):
    """What this process calls next, written to an open file for the one that waits."""

    def __init__(self, file, faulty):
        super().__init__(faulty)
        self._file = file
        self._count, self._row, self._when, self._told = 0, "", "", ""

    def at(self, name, when=""):
        self._row, self._when = name, when
        self._write()

    def tell(self, text):
        """What is being done, for people."""
        self._told = text
        self._write()

    def _write(self):
        self._count += 1
        text = json.dumps([self._count, self._row, self._when, self._told])
        self._file.seek(0)
        self._file.write(text.encode().ljust(ROOM))
        self._file.truncate()  # what a longer text has left


def _read(path):
    """[count, row, when, told] of a board; None where it is being written."""
    try:
        return json.loads(path.read_text(**CODING))
    except (OSError, ValueError):
        return None


def main(arguments):
    """Do the task in the folder: one numbered file for each result, then one that says `done`."""
    folder = Path(*arguments)
    asked = json.loads((folder / "task.json").read_text(**CODING))
    if "list" in asked:
        _give(folder, "0.json", _listed(asked["list"]))
        _give(folder, "done", True)
        return
    with open(folder / "board", "wb", buffering=0) as file:
        _do(folder, asked, Board(file, asked["faulty"]))


def _do(folder, asked, board):
    from linreg_fast.bench.session import Plan, Session

    plan = {key: tuple(v) if isinstance(v, list) else v for key, v in asked["plan"].items()}
    data = [np.load(path) for path in (folder / "X.npy", folder / "y.npy") if path.exists()]
    try:
        session = Session(Plan(**plan), board.tell, board)
        results = session.results(asked["task"], data, asked["skip"])
        for k, result in enumerate(results, asked["skip"]):
            _give(folder, f"{k}.json", result)
    except Exception as error:  # what rows from outside raise does not come here
        wished = isinstance(error, ValueError)
        _give(folder, "error", [wished, str(error) if wished else repr(error)])
    _give(folder, "done", True)


def _listed(spec):
    """problem -> names of the rows that --add names; or why there are none."""
    try:
        return {problem: [row.name for row in rows] for problem, rows in added.load(spec).items()}
    except ValueError as error:
        return str(error)


def _give(folder, name, content):
    """Write a file that is there whole or not at all."""
    part = folder / "part"
    part.write_text(json.dumps(content), **CODING)
    part.rename(folder / name)


def listed(spec, patience=PATIENCE):
    """problem -> names of the rows of `spec`; a ValueError if it cannot be loaded."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "task.json").write_text(json.dumps({"list": spec}), **CODING)
        try:
            done = children.run(["-m", MODULE, name], patience)
        except subprocess.TimeoutExpired:
            raise ValueError(f"--add {spec}: no answer within {patience:.0f} s") from None
        if not (folder / "0.json").exists():
            raise ValueError(f"--add {spec}: {children.ended(done.returncode)}")
        found = json.loads((folder / "0.json").read_text(**CODING))
    if isinstance(found, str):
        raise ValueError(found)
    return found


def results(plan, task, data, names, tell=lambda text: None, patience=PATIENCE):
    """Yield what `Session.results` of this plan and task gives, from another process.

    Parameters
    ----------
    plan : session.Plan
    task : list
        What is asked, as JSON can hold it.
    data : tuple of arrays
        X and y, or nothing.
    names : list of str
        Rows from outside. One that does not come back within `patience` seconds, or ends the
        process, is wrong in all results that follow.
    """
    asked = {"plan": dataclasses.asdict(plan), "task": task, "faulty": {}, "skip": 0}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part, array in zip("Xy", data, strict=False):
            np.save(folder / f"{part}.npy", array)
        while not (folder / "done").exists():
            (folder / "task.json").write_text(json.dumps(asked), **CODING)
            row, told = "", ""
            for found in _one_process(folder, names, tell, patience):
                if isinstance(found, tuple):
                    row, told = found
                else:
                    asked["skip"] += 1
                    yield found
            if row:
                asked["faulty"][row] = told
        if (folder / "error").exists():
            wished, text = json.loads((folder / "error").read_text(**CODING))
            raise ValueError(text) if wished else RuntimeError(f"{FAILED}: {text}")


def _one_process(folder, names, tell, patience):
    """Yield the results of one process, then (row, told) where a row ended it."""
    board, errors = folder / "board", folder / "errors"
    board.unlink(missing_ok=True)
    with open(errors, "wb") as file:
        child = subprocess.Popen(
            [sys.executable, "-m", MODULE, str(folder)],
            env=children.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=file,
        )
    last, since, told = None, time.monotonic(), ""
    try:
        # Threads of rows from outside may keep the process when all is done.
        while child.poll() is None and not told and not (folder / "done").exists():
            time.sleep(GLANCE)
            yield from _finished(folder)
            now = _read(board)
            if now is not None and now != last:
                last, since = now, time.monotonic()
                tell(now[3])
            elif last is not None and last[1] in names and time.monotonic() > since + patience:
                told = f"no answer within {patience:.0f} s{last[2]}"
    finally:
        child.kill()
        child.wait()
    yield from _finished(folder)
    if (folder / "done").exists():
        return
    last = _read(board) or last
    if last is None or last[1] not in names:
        text = errors.read_text(errors="replace", **CODING)
        why = children.last_words(child.returncode, text)
        raise RuntimeError(f"{FAILED}: {why}")
    yield last[1], told or children.ended(child.returncode) + last[2]


def _finished(folder):
    """Yield the results that are there, in their order, and take them away."""
    for path in sorted(folder.glob("[0-9]*.json"), key=lambda path: int(path.stem)):
        yield json.loads(path.read_text(**CODING))
        path.unlink()


if __name__ == "__main__":
    children.end_with_parent()
    main(sys.argv[1:])
