"""Truth to compare with: NIST's certified problems, and least squares in rational arithmetic."""

import json
import math
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np

NIST = Path(__file__).parent / "nist"
NAMES = [path.stem for path in sorted(NIST.glob("*.json"))]


class Problem(NamedTuple):
    """One of NIST's linear regression problems. Truths are (intercept,) + coefficients."""

    X: np.ndarray
    y: np.ndarray
    fit_intercept: bool
    truth: list  # Fractions: of the problem as published, in decimals
    truth_of_floats: list  # of the float64 numbers in X and y
    r2: float
    ceiling: float  # digits on which the two agree: more cannot be had from float64 input


def _power(x, k):
    """Correctly rounded: NumPy's own is off by an ulp with some versions and processors."""
    return np.array([float(Fraction(value) ** k) for value in x.tolist()])


def load_nist(name):
    content = json.loads((NIST / f"{name}.json").read_text())
    model, data = content["model"], content["data"]
    y = np.array(data.pop("y"))
    columns = [np.array(values) for values in data.values()]
    if model["kind"] == "poly":
        columns = [_power(columns[0], k) for k in range(1, model["degree"] + 1)]
    truths = [
        [Fraction(text) for text in content[key]["coef"]]
        for key in ("exact", "exact_of_float64_design")
    ]
    ceiling = content["checks"]["float64_rounding_ceiling_digits"]
    r2 = float(content["exact_of_float64_design"]["r2"])
    return Problem(np.column_stack(columns), y, model["fit_intercept"], *truths, r2, ceiling)


def digits(found, truth):
    """Correct digits of the worst number, at most 16."""
    errors = [abs((Fraction(float(a)) - b) / b) for a, b in zip(found, truth, strict=True)]
    return min(16.0, -math.log10(max(*errors, Fraction(1, 10**17))))


def parameters(model):
    """(intercept,) + coefficients of a fitted estimator of one target."""
    intercept = [model.intercept_] if model.fit_intercept else []
    return [*intercept, *model.coef_]


def exact_fit(X, y, sample_weight=None, fit_intercept=True, alpha=0.0):
    """Fractions (intercept,) + coefficients: the least squares of these very floats.

    alpha: times the squares of the coefficients is added to the squares.
    """
    X = np.asarray(X, dtype=float)
    ones = [np.ones(len(X))] * fit_intercept
    columns = [list(map(Fraction, map(float, c))) for c in (*ones, *X.T, y)]
    weights = [1] * len(X) if sample_weight is None else [Fraction(float(w)) for w in sample_weight]
    # Integers where a common power of two makes them so: far faster than fractions.
    scale = max(value.denominator for column in columns for value in column)
    whole = np.array([[int(value * scale) for value in column] for column in columns], dtype=object)
    weighted = whole * np.array(weights, dtype=object)
    gram = weighted @ whole.T
    m = len(columns) - 1
    rows = [[Fraction(value) for value in row] for row in gram[:m]]
    for k in range(int(fit_intercept), m):
        rows[k][k] += Fraction(alpha) * scale**2
    for k in range(m):
        for i in range(k + 1, m):
            factor = rows[i][k] / rows[k][k]
            rows[i] = [a - factor * b for a, b in zip(rows[i], rows[k], strict=True)]
    solution = [Fraction(0)] * m
    for i in reversed(range(m)):
        known = sum(rows[i][j] * solution[j] for j in range(i + 1, m))
        solution[i] = (rows[i][m] - known) / rows[i][i]
    return solution


def relative_error(found, truth):
    """Of the vector, in the Euclidean norm."""
    error = sum((Fraction(float(a)) - b) ** 2 for a, b in zip(found, truth, strict=True))
    return math.sqrt(error / sum(b * b for b in truth))


def draw_with_condition(rng, n, p, condition):
    """X whose columns, shifted by a standard deviation, have about this condition number."""
    U = np.linalg.qr(rng.normal(size=(n, p)))[0]
    V = np.linalg.qr(rng.normal(size=(p, p)))[0]
    X = (U * np.geomspace(1, 1 / condition, p)) @ V.T * np.sqrt(n)
    X = np.ascontiguousarray(X + X.std(axis=0))
    return X, X @ rng.normal(size=p) + 1 + rng.normal(0, 0.1, n)
