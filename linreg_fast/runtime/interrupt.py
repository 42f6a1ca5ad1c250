"""Ctrl-C during a long call, of LAPACK for one, that knows nothing of it."""

import contextlib
import contextvars
import signal
import threading

from linreg_fast.runtime.tuning import GLANCE_SECONDS, INTERRUPTIBLE_COLUMNS

# Signals whose handlers may raise. Python takes 0.2 ms to name all that there are.
RAISING = {
    getattr(signal, f"SIG{name}")
    for name in ("INT", "TERM", "ALRM", "HUP", "QUIT", "USR1", "USR2", "VTALRM", "PROF")
    if hasattr(signal, f"SIG{name}")
}


def interruptible(columns, function, *args, **kwargs):
    """function(*args, **kwargs), in a thread of its own if `columns` are many.

    The main thread waits and answers Ctrl-C at once. What was computed until then is thrown away
    when the call, which has let go of the interpreter, comes to its end.
    """
    if columns < INTERRUPTIBLE_COLUMNS or threading.current_thread() is not threading.main_thread():
        return function(*args, **kwargs)
    from linreg_fast.runtime.forks import made_in_c  # here: it loads Numba, which --help needs not

    if made_in_c():
        return function(*args, **kwargs)
    found, context = {}, contextvars.copy_context()

    def work():
        try:
            found["value"] = context.run(function, *args, **kwargs)
        except BaseException as error:
            found["error"] = error

    thread = threading.Thread(target=work, daemon=True)
    try:
        thread.start()
    except RuntimeError:  # no memory for one more
        return function(*args, **kwargs)
    while thread.is_alive():
        thread.join(GLANCE_SECONDS)
    if "error" in found:
        raise found["error"]
    return found["value"]


class as_keyboard_interrupt:  # noqa: N801 - reads as what it does
    """Raise a Ctrl-C that Numba hides in a SystemError as what it is.

    What a compiled function returns is made into Python objects with a call back to Python; if the
    signal's handler raises in there, only the error's chain tells of it.
    """

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        if kind is SystemError:
            reveal(error)
        return False


def reveal(error):
    """Raise the KeyboardInterrupt behind an error, if there is one."""
    while error is not None:
        error = error.__cause__ or error.__context__
        if isinstance(error, KeyboardInterrupt):
            raise KeyboardInterrupt from None


@contextlib.contextmanager
def signals_wait():
    """Signals are answered after the block: none of its few calls is left half done."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())  # only tells
    try:
        # In here: where a handler raises at the end of this call, the signals are blocked already.
        signal.pthread_sigmask(signal.SIG_BLOCK, RAISING)
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
