"""Cholesky factor of the centred, scaled cross-products: one pass over the data, p^3/3 flops.

When: columns that are not nearly dependent. It squares the condition number c, so about
16 - 2 log10(c) digits are right: all that matter below c = 1e3, none from 1e8 on.
"""

import numpy as np
from scipy.linalg.lapack import dpocon, dpotrf, dpotrs

from linreg_fast.solvers import Solution


def solve(problem):
    problem.check_range()
    products, exponents = problem.normal_equations
    p = problem.n_features
    live = np.flatnonzero(np.diag(products)[:p] > 0)  # a constant column has coefficient zero
    gram, right = products[np.ix_(live, live)], products[live, p:]
    scaled = np.zeros((p, problem.n_targets))
    condition = 1.0
    if len(live):
        factor, failed = dpotrf(gram)
        reciprocal = 0.0 if failed else dpocon(factor, np.abs(gram).sum(axis=0).max())[0]
        if not reciprocal > max(len(live) * np.finfo(np.float64).eps, problem.tol**2):
            raise np.linalg.LinAlgError(
                "the columns of X depend on each other, or so nearly that the Cholesky factor has "
                "no digits left: use solver='svd' (or 'auto')"
            )
        condition = 1 / np.sqrt(reciprocal)
        scaled[live] = dpotrs(factor, right)[0]
    coef = np.ldexp(scaled, np.subtract.outer(-exponents[:p], -exponents[p:]))
    return Solution(coef, problem.intercept(coef), len(live), float(condition))
