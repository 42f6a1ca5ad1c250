"""Ctrl-C during a long call, of LAPACK for one, that knows nothing of it."""

import contextvars
import threading

FEWEST_COLUMNS = 300  # singular values of so many columns take some 50 ms
ALWAYS = 1 << 30  # columns: for a call that is long for another reason
GLANCE = 0.1  # seconds between two looks, where waiting is not interrupted by itself


def interruptible(columns, function, *args, **kwargs):
    """function(*args, **kwargs), in a thread of its own if `columns` are many.

    The main thread waits and answers Ctrl-C at once. What was computed until then is thrown away
    when the call, which has let go of the interpreter, comes to its end.
    """
    if columns < FEWEST_COLUMNS or threading.current_thread() is not threading.main_thread():
        return function(*args, **kwargs)
    found, context = {}, contextvars.copy_context()

    def work():
        try:
            found["value"] = context.run(function, *args, **kwargs)
        except BaseException as error:
            found["error"] = error

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(GLANCE)
    if "error" in found:
        raise found["error"]
    return found["value"]
