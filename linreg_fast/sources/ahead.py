"""One reader ahead: a thread that makes the next batches while one is summed."""

import contextvars
import queue
import threading
import time

from linreg_fast.kernels.tuning import SOURCE_AHEAD

GLANCE = 0.1  # seconds between two looks at whether the other side is still there
LEAVE = 0.4  # seconds that a failure waits for the thread, within the half second of a Ctrl-C


class Clock:
    """Seconds of the reader's work, and seconds that the sums waited for it."""

    def __init__(self):
        self.reading = self.waiting = 0.0


def in_turn(items, clock):
    """The items of an iterator in this thread, with the time that they take."""
    try:
        while True:
            begin = time.perf_counter()
            try:
                item = next(items, None)
            finally:
                clock.reading += time.perf_counter() - begin
                clock.waiting = clock.reading
            if item is None:
                return
            yield item
    finally:
        items.close()


def ahead(items, clock):
    """Likewise from a thread that is SOURCE_AHEAD items ahead. It ends, and closes them, with this
    one."""
    reader = _Reader(items, clock)
    try:
        reader.thread.start()  # which waits for the thread: Ctrl-C may come here
        while True:
            begin = time.perf_counter()
            kind, item = reader.take()
            clock.waiting += time.perf_counter() - begin
            if kind == "error":
                raise item
            if kind == "end":
                return
            yield item
            del item
    finally:
        reader.stop()


class _Reader:
    def __init__(self, items, clock):
        self._items, self._clock = items, clock
        self._queue: queue.SimpleQueue = queue.SimpleQueue()
        self._free = threading.Semaphore(SOURCE_AHEAD)  # places: no item is made before one is
        self._stopped = threading.Event()
        context = contextvars.copy_context()
        self.thread = threading.Thread(
            target=context.run, args=(self._work,), name="linreg_fast-reader", daemon=True
        )

    def _work(self):
        try:
            while not self._stopped.is_set():
                if not self._free.acquire(timeout=GLANCE):
                    continue
                begin = time.perf_counter()
                item = next(self._items, None)
                self._clock.reading += time.perf_counter() - begin
                if item is None:
                    break
                self._queue.put(("item", item))
                del item
            self._items.close()
            self._queue.put(("end", None))
        except BaseException as error:
            self._queue.put(("error", error))
        finally:
            self._items.close()

    def take(self):
        while True:
            try:
                found = self._queue.get(timeout=GLANCE)
                self._free.release()
                return found
            except queue.Empty:
                if not self.thread.is_alive() and self._queue.empty():
                    raise RuntimeError("the thread that reads ahead has ended") from None

    def stop(self):
        self._stopped.set()
        while not self._queue.empty():
            self._queue.get_nowait()
        if self.thread.ident is not None:  # it was started
            self.thread.join(LEAVE)
