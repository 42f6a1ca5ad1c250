"""How far a long run is: a bar from two seconds on, where somebody watches."""

import sys
import threading
import time

from linreg_fast.runtime.progress import PATIENCE, Line


class Progress:
    """Call it with (step, loss, seconds) now and then; use it as a context.

    Where standard error is a terminal: what goes on before the first step and for how long, then a
    bar with rich, or a line where that is not installed. verbose > 0 prints the loss every so many
    steps instead.
    """

    def __init__(self, total, verbose, before="starting"):
        self._total, self._verbose, self._bar, self._task = total, verbose, None, None
        self._before, self._begun, self._teller = before, threading.Event(), None

    def __enter__(self):
        if not self._verbose and sys.stderr.isatty():
            self._teller = threading.Thread(target=self._tell, daemon=True)
            self._teller.start()
        return self

    def _tell(self):
        """Once a second, what goes on before the first step."""
        line, started = _Line(self._total), time.monotonic()
        while not self._begun.wait(1.0):
            if time.monotonic() - started > PATIENCE:
                line.write(f"{self._before}: {time.monotonic() - started:.0f} s")
        line.stop()

    def _end_telling(self):
        self._begun.set()
        if self._teller is not None:
            self._teller.join()
            self._teller = None

    def __exit__(self, *_):
        self._end_telling()
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, step, loss, seconds):
        self._end_telling()
        if self._verbose:
            print(f"step {step}  mean squared error {loss:.6g}", flush=True)
            return
        if self._bar is None and seconds > PATIENCE and sys.stderr.isatty():
            self._bar = self._start()
        if self._bar is not None:
            self._bar.update(self._task, completed=step, description=f"MSE {loss:.6g}")

    def _start(self):
        try:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
        except ImportError:
            return _Line(self._total)
        bar = Progress(
            TextColumn("descent {task.completed:,} of {task.total:,}"),
            BarColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.description}"),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = bar.add_task("", total=self._total)
        bar.start()
        return bar


class _Line(Line):
    """What a bar of rich's is asked for, in one line that is written over."""

    def __init__(self, total):
        super().__init__()
        self._total = total

    def update(self, task, completed, description):
        self.write(f"descent {completed:,} of {self._total:,}  {description}")
