"""Many fits at once: what `--problem groups,rolling,cv,screen,p_values` compares, and with whom."""

import importlib.util

import numpy as np

from linreg_fast.bench import many_ways as ways
from linreg_fast.bench import people_data
from linreg_fast.bench.many_ways import FOLDS, PER_GROUP, WINDOW

TITLES = {
    "groups": f"a fit for each group of {PER_GROUP} rows",
    "rolling": f"a fit for each window of {WINDOW} rows",
    "cv": f"{FOLDS} folds for {len(ways.ALPHAS)} penalties",
    "screen": "a regression for each column",
    "p_values": "p values of many targets",
}
SHAPES = {  # rows and columns, of a full and of a quick bench
    "groups": ((1_000_000, 3), (50_000, 3)),
    "rolling": ((1_000_000, 5), (50_000, 5)),
    "cv": ((200_000, 10), (20_000, 10)),
    "screen": ((2_000, 100_000), (1_000, 5_000)),
    "p_values": ((200, 5), (100, 5)),
}
TARGETS = 20_000, 2_000
# problem -> (expected, rows): name, why, times that X is read, function, module of a peer or "";
# and what is expected of a row that gives less than the others.
TABLES = {
    "groups": (
        ways.expected_groups,
        (
            ("linreg_fast", "fit_groups: one pass, errors and all", 2, ways.groups_ours, ""),
            ("scikit-learn, loop", "LinearRegression a group", 3, ways.groups_sklearn, "sklearn"),
            (
                "polars-ds, group_by",
                "lin_reg, in Rust",
                2,
                ways.groups_polars_ds,
                "polars_ds",
            ),
        ),
    ),
    "rolling": (
        ways.expected_rolling,
        (
            ("linreg_fast", "fit_rolling: joined sums, errors and all", 2, ways.rolling_ours, ""),
            ("scikit-learn, loop", "a fit a window", WINDOW, ways.rolling_sklearn, "sklearn"),
            (
                "statsmodels RollingOLS",
                "sums added and subtracted",
                2,
                ways.rolling_statsmodels,
                "statsmodels",
            ),
        ),
    ),
    "cv": (
        ways.expected_cv,
        (
            ("linreg_fast", "cross_validate: one pass for all", 1, ways.cv_ours, ""),
            (
                "scikit-learn, loop",
                "cross_val_score a penalty",
                FOLDS * len(ways.ALPHAS),
                ways.cv_sklearn,
                "sklearn",
            ),
            (
                "scikit-learn GridSearchCV",
                "what RidgeCV(cv=5) calls",
                FOLDS * len(ways.ALPHAS),
                ways.cv_sklearn_search,
                "sklearn",
            ),
        ),
    ),
    "screen": (
        ways.expected_screen,
        (
            ("linreg_fast screen", "coefficients, errors, t", 1, ways.screen_ours, ""),
            ("linreg_fast f_regression", "F and p values", 1, ways.f_regression_ours, ""),
            (
                "scikit-learn f_regression",
                "F and p values",
                3,
                ways.f_regression_sklearn,
                "sklearn",
            ),
        ),
    ),
    "p_values": (
        ways.expected_p_values,
        (
            ("linreg_fast fit_targets", "lines and p values", 1, ways.p_values_ours, ""),
            (
                "scikit-learn, no p values",
                "LinearRegression: coefficients alone",
                3,
                ways.lines_sklearn,
                "sklearn",
                ways.expected_lines,
            ),
            (
                "statsmodels, loop",
                "OLS a target: a fit, its errors, t and p",
                3,
                ways.p_values_statsmodels,
                "statsmodels",
            ),
        ),
    ),
}


def rows(problem, peers=False):
    """The rows of a table: ours, scikit-learn's and, with peers, the others that are installed."""
    from linreg_fast.bench.cases import Row

    expected, table = TABLES[problem]
    return [
        Row(name, why, reads, solve, *(less or [expected]), 1e-7, kind="peer" if needs else "ours")
        for name, why, reads, solve, needs, *less in table
        if needs in ("", "sklearn") or (peers and importlib.util.find_spec(needs))
    ]


def shape_of(problem, quick):
    """(rows, columns) that it is measured on by default."""
    return SHAPES[problem][bool(quick)]


def targets_of(problem, quick):
    """How many targets it has."""
    return TARGETS[bool(quick)] if problem == "p_values" else 1


def draw(problem, n, p, quick):
    """(label, X, y) of so many rows and columns."""
    from linreg_fast.bench.cases import generate

    t = targets_of(problem, quick)
    if t == 1:
        return "generated", *generate(n, p)
    return f"{t} targets,", *people_data.targets(np.random.default_rng(0), n, p, t)
