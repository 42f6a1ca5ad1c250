"""What errors of fits with fading weights need, for all rows up to each, some fits side by side.

With S_k = sum(v D^k z z') and S_1 = L L', T = L^-1: the matrices W = T S_2 T' and V = T S_3 T' are
symmetric, and what is wanted are their traces and a few of their forms. 100,000 rows of 6 columns
take a twentieth of what NumPy's inverses of many small matrices take (AVX-512, one core).
"""

import numpy as np

from linreg_fast.kernels.arithmetic.rounding import EPSILON
from linreg_fast.kernels.tuning import WIDE
from linreg_fast.runtime.compile import kernel, kernel_part

LANES = 2 * WIDE  # fits side by side


@kernel_part
def _advance(z, v, decay, sums, counts):
    """The sums (3, q, q), of which the lower triangle is kept, and counts (3,) with one more row."""
    factor, live = 1.0, v > 0.0
    for k in range(3):
        factor *= decay
        counts[k] = factor * counts[k] + (1.0 if live else 0.0)
        for i in range(len(z)):
            own = v * z[i] if live else 0.0
            for j in range(i + 1):
                sums[k, i, j] = factor * sums[k, i, j] + own * z[j]


@kernel_part
def _invert(S, T, sound):
    """Write the inverse T of each lane's Cholesky factor; S (q, q, LANES) is overwritten by it."""
    q = len(S)
    for l in range(LANES):
        sound[l] = 1.0
    for i in range(q):
        own = S[i, i]
        for l in range(LANES):
            T[i, i, l] = own[l]
        for j in range(i + 1):
            for k in range(j):
                for l in range(LANES):
                    S[i, j, l] -= S[i, k, l] * S[j, k, l]
            if j < i:
                for l in range(LANES):
                    S[i, j, l] *= T[j, j, l]
        for l in range(LANES):
            if not own[l] > EPSILON * T[i, i, l]:
                sound[l] = 0.0
            T[i, i, l] = 1.0 / np.sqrt(own[l])
    for j in range(q):
        for i in range(j + 1, q):
            for l in range(LANES):
                T[i, j, l] = 0.0
            for k in range(j, i):
                for l in range(LANES):
                    T[i, j, l] -= S[i, k, l] * T[k, j, l]
            for l in range(LANES):
                T[i, j, l] *= T[i, i, l]


@kernel_part
def _between(T, S, half, W):
    """The lower triangle of W = T S T'; of S too only that is read. half (q, q, LANES): scratch."""
    q = len(S)
    for i in range(q):
        for j in range(q):
            for l in range(LANES):
                half[i, j, l] = 0.0
            for k in range(i + 1):
                a, b = (k, j) if k >= j else (j, k)
                for l in range(LANES):
                    half[i, j, l] += T[i, k, l] * S[a, b, l]
        for j in range(i + 1):
            for l in range(LANES):
                W[i, j, l] = 0.0
            for k in range(j + 1):
                for l in range(LANES):
                    W[i, j, l] += half[i, k, l] * T[j, k, l]


@kernel_part
def _ratio(u, first, W, above, below):
    """sqrt(u' W u / u' u) of each lane, to above; u (q, LANES) is zero before `first`."""
    for l in range(LANES):
        above[l] = below[l] = 0.0
    for i in range(first, len(u)):
        for l in range(LANES):
            below[l] += u[i, l] * u[i, l]
            above[l] += u[i, l] * W[i, i, l] * u[i, l]
        for j in range(first, i):
            for l in range(LANES):
                above[l] += 2.0 * (u[i, l] * W[i, j, l] * u[j, l])
    for l in range(LANES):
        above[l] = np.sqrt(above[l] / below[l])


@kernel_part
def _finish(room, counts, back, p, trace, square, line, found):
    """Write to found (p + 4, LANES) shares, the intercept's, what is left, freedom, soundness."""
    S, T, half, W = room[0], room[3], room[4], room[5]
    q = len(W)
    _invert(S, T, found[p + 3])
    _between(T, room[2], half, W)
    for l in range(LANES):
        square[l] = trace[l] = 0.0
    for i in range(q):
        for l in range(LANES):
            square[l] -= 2.0 * W[i, i, l]
    _between(T, room[1], half, W)
    for i in range(q):
        for l in range(LANES):
            trace[l] += W[i, i, l]
            square[l] += W[i, i, l] * W[i, i, l]
        for j in range(i):
            for l in range(LANES):
                square[l] += 2.0 * (W[i, j, l] * W[i, j, l])
    for j in range(p):
        _ratio(T[:, j], j, W, found[j], line)
    u = half[0]
    for i in range(q):
        for l in range(LANES):
            u[i, l] = 0.0
        for j in range(i + 1):
            for l in range(LANES):
                u[i, l] += T[i, j, l] * back[j]
    _ratio(u, 0, W, found[p], line)
    for l in range(LANES):
        left = counts[0, l] - trace[l]
        found[p + 1, l] = left
        found[p + 2, l] = left * left / (counts[1, l] + square[l])


@kernel
def spread(z, v, decay, back, sums, counts, out):
    """Write a row a fit to out (n, p + 4): shares (p,), the intercept's, left, freedom, soundness.

    sums (3, q, q) and counts (3,): of the rows before the first, and on return of all. Soundness is
    zero where a pivot was lost in rounding: the rest says nothing then.
    """
    n, q = z.shape
    p = out.shape[1] - 4
    room, found = np.zeros((6, q, q, LANES)), np.zeros((p + 4, LANES))
    some, rest = np.zeros((3, LANES)), np.zeros((3, LANES))
    trace, square, line = rest[0], rest[1], rest[2]
    for start in range(0, n, LANES):
        many = min(LANES, n - start)
        for l in range(many):
            _advance(z[start + l], v[start + l], decay[start + l], sums, counts)
            for k in range(3):
                some[k, l] = counts[k]
                for i in range(q):
                    for j in range(i + 1):
                        room[k, i, j, l] = sums[k, i, j]
        _finish(room, some, back, p, trace, square, line, found)
        for l in range(many):
            for j in range(p + 4):
                out[start + l, j] = found[j, l]


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
