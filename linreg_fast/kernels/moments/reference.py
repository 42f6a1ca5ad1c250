"""The portable twin of the ways to sum moments: four rows at a time, in any layout."""

from linreg_fast.kernels.arithmetic.simd import fma
from linreg_fast.runtime.compile import kernel


@kernel
def moments_block(X, Y, sample_weight, start, stop, z, mean, comoment):
    """Fill mean (q,) and comoment (q, q), both zero on entry; return (rows, sum of weights).

    z (5, q) is scratch: the shift, and four rows at a time, so that an entry of comoment is loaded
    and stored once for four rows. The shift is the block's first row of largest weight: a constant
    column then gives exact zeros, and even where that row is an outlier its own share of the sums
    keeps the relative error below (rows in the block) x 1e-16.
    """
    p = X.shape[1]
    q = p + Y.shape[1]
    shift = z[4]
    heaviest = start
    if sample_weight is not None:
        for i in range(start, stop):
            if sample_weight[i] > sample_weight[heaviest]:
                heaviest = i
    for j in range(p):
        shift[j] = X[heaviest, j]
    for j in range(p, q):
        shift[j] = Y[heaviest, j - p]
    n_samples = 0
    weight_sum = 0.0
    w0 = w1 = w2 = w3 = 0.0
    for i in range(start, stop, 4):
        for r in range(4):
            weight = 0.0
            if i + r < stop:
                weight = 1.0 if sample_weight is None else sample_weight[i + r]
            if weight != 0.0:
                for j in range(p):
                    z[r, j] = X[i + r, j] - shift[j]
                for j in range(p, q):
                    z[r, j] = Y[i + r, j - p] - shift[j]
                n_samples += 1
                weight_sum += weight
            else:
                for j in range(q):
                    z[r, j] = 0.0
            w0, w1, w2, w3 = w1, w2, w3, weight  # after four turns: the rows in order
        for j in range(q):
            a0 = w0 * z[0, j]
            a1 = w1 * z[1, j]
            a2 = w2 * z[2, j]
            a3 = w3 * z[3, j]
            mean[j] += (a0 + a1) + (a2 + a3)
            # Slices, not comoment[j, k]: an index that may be negative keeps LLVM from vectorising
            # (8 against 17 GFLOP/s at q = 101).
            c, z0, z1, z2, z3 = comoment[j, j:], z[0, j:], z[1, j:], z[2, j:], z[3, j:]
            for k in range(len(c)):
                c[k] += fma(a0, z0[k], a1 * z1[k]) + fma(a2, z2[k], a3 * z3[k])
    if weight_sum > 0.0:  # mean holds the sums of z until here
        for j in range(q):
            for k in range(j, q):
                comoment[j, k] -= mean[j] * (mean[k] / weight_sum)
                comoment[k, j] = comoment[j, k]
        for j in range(q):
            mean[j] = shift[j] + mean[j] / weight_sum
    return n_samples, weight_sum
