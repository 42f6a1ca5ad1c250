"""The sums behind `screen`: a basis of the covariates, one pass over X, and its hard columns."""

import numpy as np

from linreg_fast.data.gate import check_finite, frozen
from linreg_fast.kernels.moments import screening as kernel
from linreg_fast.kernels.moments.screening_by_columns import whole_columns
from linreg_fast.kernels.tuning import (
    SCREEN_FEWEST_BLOCKS,
    SCREEN_FEWEST_COLUMNS,
    SCREEN_LAUNCH_ELEMENTS,
    SCREEN_MOST_VECTORS,
    SCREEN_WEIGHTED_ELEMENTS,
)
from linreg_fast.many_fits.table import LEAVE_OUT
from linreg_fast.runtime import launch
from linreg_fast.runtime.progress import Progress

CLEAR = 0.01  # of a column's square, beside the covariates: with less it is projected by itself
ORDINARY = 1e-200, 1e200  # sums of squares of which no product overflows or is lost
ROUNDING = 8 * np.finfo(float).eps  # of a column's numbers, that projecting it may leave
AGAIN_COLUMNS = 256  # columns projected by themselves at a time


def basis_of(covariates, n, centred, root=None):
    """Q (n, k), orthonormal, of the intercept and the covariates (n, c), or None.

    root (n,): of the weights, with which all rows are multiplied.
    """
    ones = np.ones(n) if root is None else root
    columns = [ones[:, None]] if centred else []
    if covariates is not None:
        if len(covariates) != n:
            raise ValueError(
                f"X has {n} rows and covariates {len(covariates)}: they must be as many"
            )
        found = covariates.astype(np.float64)
        if centred:
            found = found - found[np.argmax(ones)]
            found -= np.average(found, axis=0, weights=ones**2)
        found = found * ones[:, None]
        sizes = np.abs(found).max(axis=0)
        found = found[:, sizes > 0] / sizes[sizes > 0]
        found = found / np.linalg.norm(found, axis=0)
        U, values, _ = np.linalg.svd(found, full_matrices=False)
        kept = values > np.finfo(float).eps * max(found.shape) * values.max(initial=0)
        columns.append(U[:, kept])
    Q = np.hstack(columns) if columns else np.empty((n, 0))
    return np.linalg.qr(Q)[0] if Q.shape[1] > 1 else Q / np.linalg.norm(Q, axis=0)


def sums_of(X, Q, rest, names, root=None):
    """Products (p, t), squares and units (p,) of what the basis leaves of columns and targets.

    root (n,): of the weights; Q and rest hold them already.
    """
    n, p = X.shape
    k, vectors = Q.shape[1], np.hstack([Q, rest])
    centred = _has_constant(Q, root)
    found, lows = np.zeros((2, vectors.shape[1] + 1, p))
    if root is None and not (X.flags.c_contiguous or X.flags.f_contiguous):
        X = np.ascontiguousarray(X)
    # Weighted columns are made of some columns at a time, in memory that stays in the cache.
    step = p if root is None else max(SCREEN_WEIGHTED_ELEMENTS // n, 1)
    passes = -(-vectors.shape[1] // SCREEN_MOST_VECTORS)
    with np.errstate(all="ignore"), Progress("column", p * passes) as progress:
        for start in range(0, p, step):
            some = slice(start, min(start + step, p))
            own = X if root is None else _weighted(X[:, some], root, centred)
            for nth in range(passes):
                part = slice(nth * SCREEN_MOST_VECTORS, (nth + 1) * SCREEN_MOST_VECTORS)
                done = some.start * passes + nth * (some.stop - some.start)
                _run(
                    own, vectors[:, part], centred and root is None,
                    found[:, some], lows[:, some], part, lambda c, done=done: progress(done + c),
                )  # fmt: skip
        found += lows
        squares, products = found[-1], np.ascontiguousarray(found[k:-1].T)
        left = squares - (found[:k] ** 2).sum(axis=0)
        doubtful = ~(left > CLEAR * squares)
        doubtful |= ~((squares > ORDINARY[0]) & (squares < ORDINARY[1]))
        again, units = np.flatnonzero(doubtful), np.zeros(p, dtype=np.int64)
        for start in range(0, len(again), AGAIN_COLUMNS):
            own = again[start : start + AGAIN_COLUMNS]
            products[own], left[own], units[own] = _projected(X, own, Q, rest, names, root)
    return products, left, units


def _weighted(columns, root, centred):
    """Rows times the roots of their weights, less a row where a number may be taken off."""
    heaviest = int(np.argmax(root))
    columns = columns.astype(np.float64)
    if centred:
        columns -= columns[heaviest]
    columns *= root[:, None]
    return columns


def _has_constant(Q, root):
    """Whether a column of ones is in the span: a number may be taken off every column then."""
    ones = np.ones(len(Q)) if root is None else root
    ones = ones / np.linalg.norm(ones)
    return bool(abs(np.linalg.norm(Q.T @ ones) - 1) < 1e-12)


def _run(X, vectors, centred, found, lows, part, progress):
    """Add to the rows `part` of found + lows, and to the last one, the sums of the columns."""
    n, p = X.shape
    rows = np.append(np.arange(part.start, part.start + vectors.shape[1]), len(found) - 1)
    own, own_lo = np.zeros((2, len(rows), p))
    if X.flags.c_contiguous:
        driver, R = kernel.rows_of_columns, np.ascontiguousarray(vectors)
    else:
        driver, X, R = whole_columns, X.T, np.ascontiguousarray(vectors.T)
    X, R, scratch = frozen(X), frozen(R), kernel.scratch_size(vectors.shape[1])
    # Whole pieces of columns: what is left over of one is read in short pieces of rows.
    pieces = max(SCREEN_LAUNCH_ELEMENTS // (n * kernel.SCREEN_COLUMNS), 1)
    step = pieces * kernel.SCREEN_COLUMNS
    for start in range(0, p, step):
        count = min(step, p - start)
        blocks = _blocks(count, n)
        launch.in_turns(driver, count, blocks, 1, scratch, X, R, centred, start, own, own_lo)
        progress(start + count)
    found[rows[:-1]], lows[rows[:-1]] = own[:-1], own_lo[:-1]
    found[-1], lows[-1] = own[-1], own_lo[-1]


def _blocks(count, n):
    """How many blocks of columns; no bit depends on it. Short pieces of rows are slow to read."""
    few = max(count // SCREEN_FEWEST_COLUMNS, 1)
    wanted = max(count // kernel.SCREEN_COLUMNS, SCREEN_FEWEST_BLOCKS)
    return min(launch.count_blocks(count, n), few, wanted)


def _projected(X, columns, Q, rest, names, root):
    """(products, squares, units) of some columns, projected twice; zero for mere rounding.

    Each is divided by two to the power of its unit, so that no square overflows or underflows.
    """
    part = X[:, columns].astype(np.float64)
    for at, j in enumerate(columns):
        if not np.isfinite(part[:, at]).all():
            row = int(np.argmin(np.isfinite(part[:, at])))
            bad = part[row : row + 1, at : at + 1]
            check_finite(bad, "X", names, (row, int(j)), LEAVE_OUT)
    sizes = np.abs(part).max(axis=0)
    units = np.frexp(sizes)[1]
    part = np.ldexp(part, -units)
    near = part if root is None else part * root[:, None]
    if _has_constant(Q, root):
        near = part - part[0] if root is None else _weighted(part, root, True)
    for _ in range(2):
        near = near - Q @ (Q.T @ near)
    near[:, np.abs(near).max(axis=0) <= ROUNDING] = 0.0
    squares, products = (near**2).sum(axis=0), near.T @ rest
    return products, squares, units
