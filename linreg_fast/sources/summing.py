"""The moments of all rows of a source: read ahead, cut into blocks, summed, joined as a tree."""

import contextlib
import time
from typing import NamedTuple

import numpy as np

from linreg_fast.data.many_target_moments import moments_of
from linreg_fast.kernels.tuning import SOURCE_LAUNCH_COLUMNS
from linreg_fast.runtime.launch import threads, whole
from linreg_fast.sources.ahead import Clock, ahead, in_turn
from linreg_fast.sources.array_batches import ArrayStream
from linreg_fast.sources.blocks import MISSING, Gate, blocks, parts_of
from linreg_fast.sources.columns import TableStream
from linreg_fast.sources.names import counted
from linreg_fast.sources.progress import Progress


class Reading(NamedTuple):
    """What was read, and how long it took."""

    rows: int
    used: int  # rows that were summed
    dropped: int  # rows left out for a missing value
    files: int  # 0 of an iterator of arrays
    seconds: float
    reading: float  # seconds of the reader, beside the sums where it is a thread
    summing: float

    @property
    def whole(self):
        """Rows without a gap, those of weight zero among them."""
        return self.rows - self.dropped

    @property
    def bound(self):
        """What the time went into: "decoding" where the sums waited longer than they took."""
        return "decoding" if self.seconds > 2 * self.summing else "sums"

    def __str__(self):
        parts = [counted(self.rows, "row")]
        if self.files:
            parts.append(counted(self.files, "file"))
        parts.append(f"{self.dropped} dropped" if self.dropped else "none dropped")
        parts.append(f"{self.seconds:.2f} s ({self.reading:.2f} decoding, {self.summing:.2f} sums)")
        return ", ".join(parts) + f", bound by {self.bound}"


class Tree:
    """Moments joined as a binary tree: which with which follows from their number alone."""

    def __init__(self):
        self._levels = []  # (height, moments), heights falling

    def add(self, moments):
        height = 0
        while self._levels and self._levels[-1][0] == height:
            moments = self._levels.pop()[1] + moments
            height += 1
        self._levels.append((height, moments))

    def joined(self):
        """The moments of all; None of none."""
        found = None
        for _, moments in reversed(self._levels):
            found = moments if found is None else moments + found
        return found


def opened(given, target=None, weight=None, features=None, options=None):
    """The stream of a source: of tables, or of (X, y) and (X, y, sample_weight)."""
    if target is not None or not hasattr(given, "__next__"):
        return TableStream(given, target, weight, features, options)
    if weight is not None or features is not None:
        raise ValueError(
            "an iterator of (X, y) or (X, y, sample_weight) has no names of columns: give the "
            "target's name too where it yields tables"
        )
    return ArrayStream(given)


def summed(stream, rung, missing="raise", progress=None, look=None):
    """(Moments, Reading) of all rows of a stream, which is closed afterwards.

    Parameters
    ----------
    stream : TableStream or ArrayStream
    rung : Rung
        How the rows of a block are summed.
    missing : {"raise", "drop"}
        What a row with a missing value (null or NaN, in weights too) does: stop all, or stay out.
    progress : callable, optional
        Called with the rows read so far; by default a line on a terminal, from two seconds on.
    look : callable, optional
        Called with the moments of the first block; what it raises ends the reading.

    Raises
    ------
    ValueError
        For what no row may hold, and for no rows; it names file or batch, row and column.
    """
    tree = Tree()

    def add(*found):
        nonlocal look
        for moments in found:
            if look is not None:
                look(moments)
                look = None
            tree.add(moments)

    one_thread = len(stream.names) < SOURCE_LAUNCH_COLUMNS
    uncut = whole if one_thread and rung.doubled else contextlib.nullcontext

    def sums_of(X, Y, weights):
        with np.errstate(all="ignore"), uncut():
            return moments_of(X, Y, weights, rung)

    def use(X, Y, weights, *_):
        add(sums_of(X, Y, weights))

    def attempt(parts):
        found = [sums_of(*each) for each in parts]
        finite = all(map(_is_finite, found))
        if finite:
            add(*found)
        return finite

    reading = each_block(stream, use, missing, progress, attempt=attempt)
    moments = tree.joined()
    check_range(moments)
    return moments, reading


def check_range(moments):
    """Raise for squares that no float holds."""
    if not _is_finite(moments):
        raise ValueError("squares of these numbers overflow: use other units")


def _is_finite(moments):
    return all(np.isfinite(part.comoment_parts).all() for part in moments.apart)


def each_block(
    stream, use, missing="raise", progress=None, weightless=False, whole=False, attempt=None
):
    """Call use(X, Y, weights) for block after block of a stream's rows; the `Reading`.

    Columns that go beside them (`n_beside` of the stream) are a fourth argument, a list.
    weightless: whether rows of weight zero are among the rows. whole: whether weights count rows.
    attempt: of a list of (X, Y, None), which may hold what is not finite; it returns whether it
    used them, and `use` need not.
    """
    if missing not in MISSING:
        stream.close()
        raise ValueError(f"missing must be one of {', '.join(MISSING)}, got {missing!r}")
    gate, clock = Gate(stream.names, stream.weighted, missing, weightless, whole), Clock()
    begin, summing = time.perf_counter(), 0.0
    chunks = (ahead if stream.ahead else in_turn)(stream.chunks(), clock)
    few = len(stream.names) < SOURCE_LAUNCH_COLUMNS
    with contextlib.ExitStack() as stack:
        stack.callback(stream.close)
        stack.enter_context(contextlib.closing(chunks))
        if progress is None:
            progress = stack.enter_context(Progress(stream.rows))
        stack.enter_context(threads(1) if few else contextlib.nullcontext())
        p, t, n_beside = stream.n_features, stream.n_targets, stream.n_beside

        def tried(found):
            nonlocal summing
            start = time.perf_counter()
            used = attempt([parts_of(block, p, t, False) for block in found])
            summing += time.perf_counter() - start
            if used:
                progress(gate.read + len(found) * len(found[0][0]))
            return used

        plain = attempt is not None and not stream.weighted and not n_beside
        for block in blocks(chunks, gate, len(stream.names), n_beside, tried if plain else None):
            start = time.perf_counter()
            beside = [block[p + t : p + t + n_beside]] if n_beside else []
            use(*parts_of(block, p, t, stream.weighted), *beside)
            summing += time.perf_counter() - start
            progress(gate.read)
    gate.finish(stream.again)
    seconds = time.perf_counter() - begin
    return Reading(
        gate.read, gate.used, gate.dropped, stream.files, seconds, clock.reading, summing
    )
