"""What errors of fits with fading weights need, for all rows up to each, some fits side by side.

With S_k = sum(v D^k z z') and S_1 = L L', T = L^-1: the matrices W = T S_2 T' and V = T S_3 T' are
symmetric, and what is wanted are their traces and a few of their forms. A row of 6
columns takes 0.3 us, and 15 by NumPy's inverses of many small matrices (AVX-512, one core).
"""

import numpy as np

from linreg_fast.kernels.arithmetic import simd
from linreg_fast.kernels.systems.lanes import get, put
from linreg_fast.kernels.tuning import WIDE
from linreg_fast.runtime.compile import kernel, kernel_part


@kernel_part
def _advance(z, v, decay, sums, counts):
    """One more row in the sums (3, q, q), of which the lower triangle is kept, and counts (3,)."""
    factor, live = 1.0, v > 0.0
    for k in range(3):
        factor *= decay
        counts[k] = factor * counts[k] + (1.0 if live else 0.0)
        for i in range(len(z)):
            own = v * z[i] if live else 0.0
            for j in range(i + 1):
                sums[k, i, j] = factor * sums[k, i, j] + own * z[j]


@kernel_part
def _invert(S, T, q):
    """Write the inverse T of each lane's Cholesky factor, in rows; S is overwritten by the factor.

    What is returned is the smallest share that is left of a diagonal number.
    """
    one = simd.broadcast(1.0)
    lowest = one
    for i in range(q):
        for j in range(i):
            value = get(S, i * q + j)
            for k in range(j):
                value = simd.fma_vectors(simd.negative(get(S, i * q + k)), get(S, j * q + k), value)
            put(S, i * q + j, simd.multiply(value, get(T, j * q + j)))
        before = get(S, i * q + i)
        value = before
        for k in range(i):
            part = get(S, i * q + k)
            value = simd.fma_vectors(simd.negative(part), part, value)
        # The negative of a NaN is no larger than anything, and so it is kept.
        share = simd.negative(simd.divide(value, before))
        lowest = simd.negative(simd.larger(simd.negative(lowest), share))
        put(T, i * q + i, simd.divide(one, simd.root(value)))
    for j in range(q):
        for i in range(j + 1, q):
            value = simd.zeros()
            for k in range(j, i):
                value = simd.fma_vectors(get(S, i * q + k), get(T, k * q + j), value)
            put(T, i * q + j, simd.multiply(simd.negative(value), get(T, i * q + i)))
    return lowest


@kernel_part
def _between(T, S, q, line, W):
    """The lower triangle of W = T S T', S being whole; its trace, and its sum of squares."""
    trace = square = simd.zeros()
    for i in range(q):
        for j in range(i + 1):
            value = simd.zeros()
            for k in range(i + 1):
                value = simd.fma_vectors(get(T, i * q + k), get(S, k * q + j), value)
            put(line, j, value)
        for j in range(i + 1):
            value = simd.zeros()
            for k in range(j + 1):
                value = simd.fma_vectors(get(line, k), get(T, j * q + k), value)
            put(W, i * q + j, value)
            both = simd.multiply(value, value)
            square = simd.add(square, both)
            if j < i:
                square = simd.add(square, both)
            else:
                trace = simd.add(trace, value)
    return trace, square


@kernel_part
def _ratio(u, step, first, W, q):
    """sqrt(u' W u / u' u) of each lane; number i of u stands at i * step, zero before `first`."""
    above = below = simd.zeros()
    for i in range(first, q):
        own, value = get(u, i * step), simd.zeros()
        for j in range(first, i):
            value = simd.fma_vectors(get(W, i * q + j), get(u, j * step), value)
        value = simd.fma_vectors(get(W, i * q + i), own, simd.add(value, value))
        above = simd.fma_vectors(own, value, above)
        below = simd.fma_vectors(own, own, below)
    return simd.root(simd.divide(above, below))


@kernel_part
def _finish(room, counts, back, p, found):
    """Write to found (p + 4, WIDE) shares, the intercept's, what is left, freedom, soundness."""
    q = len(back)
    size = q * q * WIDE
    S, second, third = room[:size], room[size : 2 * size], room[2 * size : 3 * size]
    T, W, line = room[3 * size : 4 * size], room[4 * size : 5 * size], room[5 * size :]
    put(found, p + 3, _invert(S, T, q))
    cubes, _ = _between(T, third, q, line, W)
    trace, square = _between(T, second, q, line, W)
    for j in range(p):
        put(found, j, _ratio(T[j * WIDE :], q, j, W, q))
    for i in range(q):
        value = simd.zeros()
        for j in range(i + 1):
            value = simd.fma_vectors(get(T, i * q + j), simd.broadcast(back[j]), value)
        put(line, i, value)
    put(found, p, _ratio(line, 1, 0, W, q))
    left = simd.subtract(get(counts, 0), trace)
    both = simd.subtract(square, simd.add(cubes, cubes))
    put(found, p + 1, left)
    squares = simd.add(get(counts, 1), both)
    put(found, p + 2, simd.divide(simd.multiply(left, left), squares))


@kernel
def spread(z, v, decay, back, sums, counts, out):
    """Write a row a fit to out (n, p + 4): shares (p,), the intercept's, left, freedom, soundness.

    sums (3, q, q) and counts (3,): of the rows before the first, and on return of all. Soundness is
    near zero where a pivot was lost in rounding: the rest says nothing then.
    """
    n, q = z.shape
    p = out.shape[1] - 4
    room, found = np.zeros((5 * q * q + q) * WIDE), np.zeros((p + 4) * WIDE)
    some = np.zeros(3 * WIDE)
    for start in range(0, n, WIDE):
        many = min(WIDE, n - start)
        for lane in range(many):
            _advance(z[start + lane], v[start + lane], decay[start + lane], sums, counts)
            for k in range(3):
                some[k * WIDE + lane] = counts[k]
                for i in range(q):
                    for j in range(i + 1):
                        value = sums[k, i, j]
                        room[(k * q * q + i * q + j) * WIDE + lane] = value
                        room[(k * q * q + j * q + i) * WIDE + lane] = value
        if simd.VECTORS:  # otherwise soundness stays zero
            _finish(room, some, back, p, found)
        for lane in range(many):
            for j in range(p + 4):
                out[start + lane, j] = found[j * WIDE + lane]


@kernel
def sums_of_each(z, v, decay, sums, counts, wanted, out):
    """Write S_k, and the sum of D^k, of some fits to out (3, m, q * q + 1). wanted (n,): bool."""
    n, q = z.shape
    at = 0
    for row in range(n):
        _advance(z[row], v[row], decay[row], sums, counts)
        if wanted[row]:
            for k in range(3):
                out[k, at, q * q] = counts[k]
                for i in range(q):
                    for j in range(q):
                        out[k, at, i * q + j] = sums[k, max(i, j), min(i, j)]
            at += 1
