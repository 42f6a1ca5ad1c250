"""A thread that reads ahead ends with the one that takes what it reads."""

import threading

import pytest

from linreg_fast.sources.ahead import Clock, ahead


@pytest.mark.parametrize("started", [False, True])
def test_ctrl_c_while_the_thread_starts(monkeypatch, started):
    """Python waits there until a thread runs, and so is interrupted there most often."""
    closed, start = threading.Event(), threading.Thread.start

    def numbers():
        try:
            yield from range(10_000_000)
        finally:
            closed.set()

    def interrupted(thread):
        if started:
            start(thread)
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        next(ahead(numbers(), Clock()))
    assert not [t for t in threading.enumerate() if t.name == "linreg_fast-reader"]
    assert closed.is_set() or not started
