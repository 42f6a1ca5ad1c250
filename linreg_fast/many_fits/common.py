"""What `fit_groups` and the windows share: keys, rows for the kernels, and the few hard fits."""

import numpy as np

from linreg_fast.data.gate import frozen
from linreg_fast.data.room import check_room
from linreg_fast.kernels.moments.grouped import Rows
from linreg_fast.kernels.systems import one_of_many as of
from linreg_fast.many_fits.alone import fit_alone
from linreg_fast.runtime.progress import Progress


def whole_number(value, name, least=1):
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, got {value!r}")
    return int(value)


def rows_for_kernels(X, y, weights, scale):
    """`Rows` for the kernels; strided X is copied, C and F order are not."""
    n, p = X.shape
    if not (X.flags.c_contiguous or X.flags.f_contiguous):
        X = np.ascontiguousarray(X)
    by_rows = X.flags.c_contiguous
    flat = (X if by_rows else X.T).reshape(-1)
    steps = (p, 1) if by_rows else (1, n)
    none = np.empty(0) if weights is None else np.ascontiguousarray(weights)
    return Rows(frozen(flat), *steps, scale, frozen(y), frozen(none))


def empty_results(count, p, what):
    """coef, errors, numbers and states of so many fits, for the kernels to write.

    Raises
    ------
    MemoryError
        Where they, and what becomes of them, would not fit: in GB, before they are taken.
    """
    check_room(count * (2 * p + 2 * of.NUMBERS) * 8, f"{count:,} {what}s of {p} features")
    coef, errors = np.empty((count, p)), np.empty((count, p))
    return coef, errors, np.empty((count, of.NUMBERS)), np.empty(count, dtype=np.int8)


def fit_left(X, y, weights, centred, fewest, left, rows, found, what):
    """Fit those in `left`, whose rows are given one after the other, by the solvers."""
    coef, errors, numbers, states = found
    with Progress(what, len(left)) as progress:
        for done, (k, own) in enumerate(zip(left.tolist(), rows, strict=True)):
            if weights is not None:
                own = own[weights[own] > 0]
            if len(own) < max(fewest, 1):
                coef[k], errors[k], numbers[k], states[k] = np.nan, np.nan, np.nan, of.TOO_FEW
                numbers[k, of.SAMPLES] = len(own)
                continue
            some = None if weights is None else weights[own]
            coef[k], errors[k], numbers[k] = fit_alone(X[own], y[own], some, centred)
            states[k] = of.SOLVED
            progress(done)


def in_own_units(found, exponents):
    """Results of scaled columns in the columns' own units.

    Where columns depend on each other the shortest coefficients are other ones there: such fits are
    left to the solvers.
    """
    coef, errors, numbers, states = found
    if (exponents[:-1] != exponents[0]).any():
        states[(states == of.SOLVED) & (numbers[:, of.RANK] < coef.shape[1])] = of.LEFT
    own = exponents[-1]
    with np.errstate(over="ignore", under="ignore"):
        coef[:] = np.ldexp(coef, own - exponents[:-1])
        errors[:] = np.ldexp(errors, own - exponents[:-1])
        for k, times in ((of.INTERCEPT, 1), (of.INTERCEPT_ERROR, 1), (of.SSE, 2), (of.TSS, 2)):
            numbers[:, k] = np.ldexp(numbers[:, k], times * own)
