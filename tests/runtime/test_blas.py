"""BLAS on one thread: for as long as asked, and as it was afterwards, however that ended."""

import contextlib
import signal
import threading

import pytest
import threadpoolctl

from linreg_fast.runtime import blas, interrupt, tuning

COLUMNS = tuning.BLAS_FEWEST_COLUMNS


@pytest.fixture(autouse=True)
def _two_threads():
    libraries = blas._libraries()
    before = [library.get_num_threads() for library in libraries]
    for library in libraries:
        library.set_num_threads(2)
    if {library.get_num_threads() for library in libraries} != {2}:
        pytest.skip("this BLAS has one thread")
    yield
    for library, threads in zip(libraries, before, strict=True):
        library.set_num_threads(threads)


def threads():
    return {library.get_num_threads() for library in blas._libraries()}


def test_inside_and_after():
    with blas.one_thread(COLUMNS):
        assert threads() == {1}
    assert threads() == {2}
    with blas.one_thread(COLUMNS - 1), blas.one_thread(tuning.BLAS_MOST_COLUMNS + 1):
        assert threads() == {2}
    with blas.one_thread(1, fewest=1):
        assert threads() == {1}
    with pytest.raises(RuntimeError), blas.one_thread(COLUMNS):
        raise RuntimeError
    assert threads() == {2}


def test_who_has_set_it_puts_it_back():
    inside, leave, found = threading.Event(), threading.Event(), []

    def other():
        with blas.one_thread(COLUMNS):
            inside.set()
            leave.wait(10)
        found.append(threads())

    thread = threading.Thread(target=other)
    with blas.one_thread(COLUMNS):
        thread.start()
        assert inside.wait(10)
        assert threads() == {1}
    assert threads() == {2}
    leave.set()
    thread.join()
    assert found == [threads()] == [{2}]


def test_limits_of_other_threads_still_work():
    done = []

    def fit():
        with blas.one_thread(COLUMNS):
            pass
        done.append(True)
        stop.wait(10)  # a thread that lives on

    stop = threading.Event()
    thread = threading.Thread(target=fit)
    thread.start()
    while not done:
        pass
    with threadpoolctl.threadpool_limits(1, user_api="blas"):
        assert threads() == {1}
    assert threads() == {2}
    stop.set()
    thread.join()


def test_an_interrupt_on_the_way_out(monkeypatch):
    @contextlib.contextmanager
    def interrupted():
        raise KeyboardInterrupt
        yield

    with pytest.raises(KeyboardInterrupt), blas.one_thread(COLUMNS):
        monkeypatch.setattr(blas, "signals_wait", interrupted)
    assert threads() == {2}


def test_what_an_interrupt_has_left_is_put_back_by_the_next():
    for library in blas._libraries():
        blas._before.append((library, 2))
        library.set_num_threads(1)
    with blas.one_thread(COLUMNS):
        assert threads() == {1}
    assert threads() == {2}


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="signal masks are POSIX's")
def test_a_handler_that_raises_while_signals_are_blocked_leaves_them_as_they_were(monkeypatch):
    real = signal.pthread_sigmask
    before = real(signal.SIG_BLOCK, ())

    def raising(how, signals):
        found = real(how, signals)
        if signals == interrupt.RAISING:
            raise KeyboardInterrupt
        return found

    monkeypatch.setattr(signal, "pthread_sigmask", raising)
    with pytest.raises(KeyboardInterrupt), interrupt.signals_wait():
        pass
    assert real(signal.SIG_BLOCK, ()) == before
