"""Which work a constant of the tuning tables decides. A new constant adds its line here."""

# What a constant decides: the first prefix that fits. (work, rows, columns, options)
WORK = {
    "TILE_": ("moments", 20_000, 120, ""),
    "ROUND_ROWS": ("moments", 20_000, 120, ""),
    "PANELS_IN_L2": ("moments", 10_000, 300, ""),
    "LONG_": ("moments", 200_000, 20, ""),
    "PACK": ("moments", 50_000, 60, ""),
    "ROWS_AHEAD": ("gradient", 500_000, 10, ""),
    "RUN_LINES": ("moments", 50_000, 60, "F"),
    "PANELS_PER_TILE_TIME": ("moments", 50_000, 60, "F"),
    "SHARED_": ("moments", 4_000, 800, ""),
    "COLUMNWISE_": ("moments", 500_000, 10, "F"),
    "UNPACKED_ROWS": ("moments", 500_000, 10, ""),
    "UNPACKED_": ("moments", 500_000, 5, ""),
    "ONE_COLUMN_ROWS": ("moments", 500_000, 1, ""),
    "FLOAT32_COMPILED": ("fit", 50_000, 100, "float32"),
    "FLOAT32_": ("fit", 100_000, 40, "float32"),
    "DOUBLED_GROUP": ("doubled", 5_000, 100, ""),
    "DOUBLED_FEW": ("fit", 120, 5, ""),
    "DOUBLED_": ("doubled", 50_000, 20, ""),
    "REFINED_": ("fit", 100_000, 50, "correlated"),
    "GROUP_AHEAD": ("mixed groups", 200_000, 3, ""),
    "GROUP_": ("groups", 200_000, 3, ""),
    "WINDOW_": ("windows", 50_000, 3, ""),
    "SCREEN_": ("screen", 2_000, 5_000, ""),
    "LEAVE_OUT": ("leave one out", 50_000, 10, ""),
    "SECOND_PASS_AHEAD": ("clusters", 200_000, 10, ""),
    "SECOND_PASS_TABLE": ("clusters", 200_000, 10, ""),
    "SECOND_PASS_LAGS": ("lags", 200_000, 10, ""),
    "SECOND_PASS_": ("inference", 200_000, 10, ""),
    "STREAM_": ("stream", 20_000, 5, ""),
    "SOURCE_PLAIN": ("source", 30_000, 100, ""),
    "SOURCE_": ("source", 300_000, 10, ""),
    "FEWEST_TARGETS_APART": ("moments of targets", 5_000, 5, "targets"),
    "LATE_": ("fit", 50_000, 10, ""),
    "MANY_TARGETS": ("fit", 20_000, 20, "targets"),
    "TARGET_COPY": ("each target", 200, 5, "targets"),
    "SOLVED_COLUMNS": ("fit", 2_000, 64, "targets"),
    "TARGETS_AHEAD": ("fit", 200, 5, "targets"),
    "TARGET_": ("fit", 20_000, 20, "targets"),
    "CENTRE_ROWS": ("moments", 20_000, 30, ""),
    "ONE_CALL": ("fit", 442, 10, ""),
    "WEIGHTS_PIECE": ("moments", 200_000, 10, "weights"),
    "WEIGHTS_CHECK": ("fit", 200_000, 5, "weights"),
    "FINISH_BLOCKS": ("moments", 20_000, 300, ""),
    "MIRROR_ROWS": ("moments", 5_000, 600, ""),
    "COLUMN_STEP": ("gradient", 500_000, 10, "F"),
    "STEP_TARGET": ("gradient", 500_000, 4, ""),
    "PREDICT_BLAS": ("predict", 100_000, 30, "targets"),
    "PREDICT_COLUMN": ("predict", 500_000, 10, "F"),
    "PREDICT_": ("predict", 500_000, 10, ""),
    "SCORE_": ("score", 3_000, 10, ""),
    "DESCENT_": ("descent", 2_000, 30, ""),
    "MINIBATCH": ("sgd", 100_000, 8, ""),
    "BATCH_": ("sgd", 100_000, 8, ""),
    "SMALL_SYSTEM": ("fit", 2_000, 32, ""),
    "NORM_ELEMENTS": ("qr", 50_000, 20, ""),
    "QR_BLOCK": ("qr", 200_000, 20, ""),
    "NULL_SPACE": ("svd", 2_000, 100, ""),
    "ZERO_ROWS": ("qr", 20_000, 60, ""),
    "WHOLE_ROWS": ("fit", 100_000, 30, "dummies"),
    "WIDE_": ("fit", 100, 500, ""),
    "SPARSE_": ("sparse", 20_000, 300, ""),
    "FINITE_CHECK": ("fit", 500_000, 10, ""),
    "FAST_": ("fit", 10_000, 10, ""),
    "MOST_BLOCKS": ("moments", 1_000_000, 10, ""),
    "BLOCK_ELEMENTS": ("moments", 50_000, 10, ""),
    "TURN_PRODUCTS": ("moments", 500_000, 60, ""),
    "GRAIN_ROWS": ("moments", 500_000, 60, ""),
    "BLAS_": ("fit", 5_000, 300, ""),
    "INTERRUPTIBLE": ("svd", 2_000, 300, ""),
}


def work_of(name):
    """(work, rows, columns, options) that a constant decides, or None."""
    return next((work for prefix, work in WORK.items() if name.startswith(prefix)), None)


def call_of(work, n, p, options):
    """A function without arguments that does the work."""
    import numpy as np

    import linreg_fast
    from linreg_fast import GradientDescentRegressor, LinearRegression
    from linreg_fast.bench.cases import coefficients, generate
    from linreg_fast.data.gate import frozen
    from linreg_fast.kernels import RUNGS

    X, y = generate(n, p)
    if "correlated" in options:
        X[:, 1:] = X[:, :1] + X[:, 1:] / 1000
    X = np.asfortranarray(X) if "F" in options.split() else X
    if "dummies" in options:
        X[:, -10:] = np.eye(10)[np.arange(n) % 10]
    if "float32" in options:
        X, y = X.astype(np.float32), y.astype(np.float32)
    X, y = frozen(X), frozen(y)
    weights = frozen(np.full(n, 1.5)) if "weights" in options else None
    tiled, (coef, intercept) = RUNGS["tiled"].kernels, coefficients(p)
    model = LinearRegression()
    if "targets" in options:
        y = frozen(np.column_stack([y * k for k in range(1, 101)]))
    if work in ("predict", "score"):
        model.fit(X, y)
    if work == "sparse":
        import scipy.sparse

        rows = scipy.sparse.random(n, p, 0.02, "csr", random_state=0)
        return lambda: LinearRegression().fit(rows, y)
    groups = np.arange(n) // 20
    mixed = np.random.default_rng(0).permutation(groups)
    return {
        "groups": lambda: linreg_fast.fit_groups(X, y, groups),
        "mixed groups": lambda: linreg_fast.fit_groups(X, y, mixed),
        "each target": lambda: linreg_fast.fit_targets(X, y),
        "windows": lambda: linreg_fast.fit_rolling(X, y, 100),
        "screen": lambda: linreg_fast.screen(X, y),
        "leave one out": lambda: linreg_fast.cross_validate(X, y, n),
        "inference": lambda: LinearRegression().fit(X, y).inference(X, y, cov="HC3"),
        "lags": lambda: LinearRegression().fit(X, y).inference(X, y, lags=16),
        "clusters": lambda: LinearRegression().fit(X, y).inference(X, y, groups=mixed),
        "stream": lambda: GradientDescentRegressor(method="sgd").partial_fit(X, y),
        "source": lambda: LinearRegression().fit(iter([(X, y)])),
        "moments of targets": lambda: linreg_fast.moments(X, y),
        "moments": lambda: tiled.moments(X, y[:, None], weights),
        "doubled": lambda: RUNGS["compensated"].kernels.moments(X, y[:, None]),
        "gradient": lambda: tiled.gradient(X, y, coef, intercept),
        "fit": lambda: LinearRegression().fit(X, y, weights),
        "qr": lambda: LinearRegression(solver="qr").fit(X, y),
        "svd": lambda: LinearRegression(solver="svd").fit(X, y),
        "predict": lambda: model.predict(X),
        "score": lambda: model.score(X, y),
        "descent": lambda: GradientDescentRegressor(space="data", max_iter=50, tol=0).fit(X, y),
        "sgd": lambda: GradientDescentRegressor(method="sgd", max_iter=1, tol=0).fit(X, y),
    }[work]
