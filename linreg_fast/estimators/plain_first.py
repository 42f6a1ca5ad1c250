"""Sums of a source: plain ones of many columns, where they have the digits, else double-double.

Files can be read a second time, so that plain sums may turn out too few. A refinement of them, as
of rows in memory, would have to decode all rows again: with 100 columns that alone costs more than
double-double sums save.
"""

import time

from linreg_fast.data.precision import LARGE_CONDITION, LARGE_ELEMENTS
from linreg_fast.kernels import DEFAULT, RUNGS
from linreg_fast.kernels.tuning import SOURCE_PLAIN_COLUMNS
from linreg_fast.solvers import auto
from linreg_fast.sources.summing import summed


class _TooFewDigitsError(Exception):
    pass


def sums_of(model, stream, missing, progress):
    """(moments, Reading) of a stream's rows, in the precision that the model asks for."""
    rung, begin = model._rung(), time.perf_counter()
    if rung is None and _may_be_plain(model, stream):
        found = _plain_sums(model, stream, missing, progress)
        if found is not None:
            return found
    spent = time.perf_counter() - begin
    moments, reading = summed(stream, rung or RUNGS["compensated"], missing, progress)
    return moments, reading._replace(seconds=reading.seconds + spent)


def _may_be_plain(model, stream):
    """Of files alone, which say how many rows they have: CSV takes longer to decode than to sum."""
    return (
        stream.n_features >= SOURCE_PLAIN_COLUMNS
        and stream.again
        and stream.ahead
        and (stream.rows or 0) * stream.n_features >= LARGE_ELEMENTS
        and model.solver == "auto"
        and not (model.positive or model.alpha)
    )


def _plain_sums(model, stream, missing, progress):
    """(moments, Reading), or None: the condition number, or the target, asks for more digits.

    The first block tells as a rule, so that little is read twice.
    """

    def look(moments):
        problem = model._problem_of(moments)
        few = moments.n_samples < 2 * moments.n_features
        if not few and not problem.condition_number() <= LARGE_CONDITION:
            raise _TooFewDigitsError

    try:
        moments, reading = summed(stream, DEFAULT, missing, progress, look)
    except _TooFewDigitsError:
        return None
    if auto.by_plain_sums(model._problem_of(moments)) is None:
        return None
    return moments, reading
