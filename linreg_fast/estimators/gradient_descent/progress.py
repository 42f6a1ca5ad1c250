"""How far a long run is: a bar from two seconds on, where somebody watches."""

import sys

PATIENCE = 2.0  # seconds


class Progress:
    """Call it with (step, loss, seconds) now and then; use it as a context.

    Where standard error is a terminal: a bar with rich, or a line where that is not installed.
    verbose > 0 prints the loss every so many steps instead.
    """

    def __init__(self, total, verbose):
        self._total, self._verbose, self._bar, self._task = total, verbose, None, None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, step, loss, seconds):
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


class _Line:
    """What a bar of rich's is asked for, in one line that is written over."""

    def __init__(self, total):
        self._total, self._width = total, 0

    def update(self, task, completed, description):
        text = f"descent {completed:,} of {self._total:,}  {description}"
        self._write(text)

    def stop(self):
        self._write("")
        self._write("")

    def _write(self, text):
        print("\r" + text.ljust(self._width), end="", file=sys.stderr, flush=True)
        self._width = len(text)
