"""A process that fits by one way, whenever it is asked to, and how much memory it takes for it."""

import contextlib
import io
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np

from linreg_fast.bench import children

GLANCE = 0.002  # seconds between two looks at the memory


class Child:
    """A process that fits by one way."""

    def __init__(self, way):
        self.way = way
        command = [sys.executable, "-m", "linreg_fast.bench.sources_child", way.name]
        pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
        self._process = subprocess.Popen(
            command,
            env=children.environment(),
            stdin=pipe,
            stdout=pipe,
            stderr=nothing,
            encoding="utf-8",
        )
        self.failed, self.found = "", []

    def fit(self, path):
        """What it answers, or None once it has failed."""
        if self.failed:
            return None
        try:
            self._process.stdin.write(f"{path}\n")
            self._process.stdin.flush()
            answer = json.loads(self._process.stdout.readline() or "{}")
        except (OSError, ValueError) as error:
            answer = {"failed": str(error)}
        if "seconds" not in answer:
            self.failed = answer.get("failed", "its process ended")
            return None
        return answer

    def held(self):
        """Bytes of anonymous memory that it holds; 0 where the system does not tell."""
        try:
            lines = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        except OSError:
            return 0
        sizes = [line.split()[1] for line in lines if line.startswith("RssAnon:")]
        return int(sizes[0]) << 10 if sizes else 0

    def fit_watched(self, path):
        """(its answer, the most bytes that it held meanwhile beyond those before, or None)."""
        before, seen, done = self.held(), [], threading.Event()

        def watch():
            while not done.wait(GLANCE):
                seen.append(self.held())

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            answer = self.fit(path)
        finally:
            done.set()
            watcher.join()
        return answer, (max(0, *seen, before) - before if before and seen else None)

    def close(self):
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            pipe.close()


def answer_with(fit):
    """Fit each path that comes as a line, and answer with seconds and coefficients as JSON.

    What libraries print goes to standard error.
    """
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)
        for line in io.TextIOWrapper(sys.stdin.buffer, "utf-8"):
            begin, used = time.perf_counter(), time.process_time()
            try:
                coef = fit(line.rstrip("\n"))
            except Exception as error:
                found = {"failed": f"{type(error).__name__}: {error}".strip(": ")}
            else:
                found = {
                    "seconds": time.perf_counter() - begin,
                    "processor": time.process_time() - used,
                    "coef": [] if coef is None else np.ravel(coef).tolist(),
                }
            with contextlib.suppress(BrokenPipeError):
                print(json.dumps(found), file=answers, flush=True)


if __name__ == "__main__":
    from linreg_fast.bench.sources_dask import DASK
    from linreg_fast.bench.sources_ways import WAYS

    answer_with(next(way.fit for way in (*WAYS, *DASK) if way.name == sys.argv[1]))
