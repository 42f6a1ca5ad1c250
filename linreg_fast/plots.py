"""Pictures of a fit, with matplotlib. Each function draws on an axes; `save_demo` joins two."""

import numpy as np

from linreg_fast.inference import intervals
from linreg_fast.wording import seconds


def _pyplot():
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise ImportError("pictures need matplotlib: pip install 'linreg_fast[plot]'") from None
    return plt


def draw_fit(ax, model, mse, X, y, feature, target, level=0.95):
    """One feature: the points, the line, and where the mean and a new observation lie."""
    low, high = X.min(), X.max()
    margin = 0.04 * (high - low)
    grid = np.linspace(low - margin, high + margin, 200)[:, None]
    line = model.predict(grid)
    bands = intervals(model.moments_, mse, grid, level)
    x = grid[:, 0]
    percent = f"{100 * level:.0f}%"
    ax.fill_between(
        x,
        line - bands.prediction,
        line + bands.prediction,
        color="tab:orange",
        alpha=0.15,
        linewidth=0,
        label=f"{percent} prediction: a new point",
    )
    ax.fill_between(
        x,
        line - bands.confidence,
        line + bands.confidence,
        color="tab:orange",
        alpha=0.4,
        linewidth=0,
        label=f"{percent} confidence: the line",
    )
    ax.scatter(X[:, 0], y, s=14, color="tab:blue", alpha=0.7, linewidth=0, label="data")
    ax.plot(x, line, color="tab:red", linewidth=1.5, label="least squares")
    ax.set_xlabel(feature)
    ax.set_ylabel(target)
    ax.legend(fontsize="small", frameon=False)


def draw_predictions(ax, model, X, y, target):
    """Several features: predicted against actual, on rows the fit has not seen."""
    predicted = model.predict(X)
    ends = [min(y.min(), predicted.min()), max(y.max(), predicted.max())]
    ax.plot(ends, ends, color="0.6", linewidth=1, label="predicted = actual")
    ax.scatter(y, predicted, s=14, color="tab:blue", alpha=0.7, linewidth=0, label="test rows")
    ax.set_xlabel(f"actual {target}")
    ax.set_ylabel(f"predicted {target}")
    ax.legend(fontsize="small", frameon=False)


def draw_loss(ax, loss_curve, minimum):
    """How far above the least-squares loss the descent is, step by step, on log axes."""
    excess = loss_curve / minimum - 1
    steps = np.arange(1, len(excess))
    ax.loglog(steps, np.maximum(excess[1:], 1e-16), color="tab:blue", linewidth=1.5)
    ax.set_xlabel("step")
    ax.set_ylabel("loss above least squares (relative)")
    ax.grid(True, which="major", alpha=0.3)


def save_demo(path, data, model, mse, loss_curve=None):
    """The picture of a demo: the fit, and the text's own descent where it has one."""
    plt = _pyplot()
    count = 1 if loss_curve is None else 2
    figure, axes = plt.subplots(
        1, count, figsize=(5 * count, 4), squeeze=False, layout="constrained"
    )
    try:
        if data.X.shape[1] == 1:
            draw_fit(
                axes[0, 0], model, mse, data.X, data.y, data.feature_names[0], data.target_name
            )
        else:
            draw_predictions(axes[0, 0], model, data.X_test, data.y_test, data.target_name)
        axes[0, 0].set_title("the fit", fontsize="medium")
        if loss_curve is not None:
            draw_loss(axes[0, 1], loss_curve, mse)
            axes[0, 1].set_title("the text's own descent", fontsize="medium")
        figure.savefig(path, dpi=120)
    finally:
        plt.close(figure)


def draw_ladder(ax, table):
    """One problem of a bench: a bar a row on a log axis, the slowest at the top."""
    rows = [row for row in table["rows"] if row["correct"]]
    names = [row["name"] + (" (scaled)" if row["scaled"] else "") for row in rows]
    times = [1e3 * row["median"] for row in rows]
    colours = ["0.6" if row["name"] == "scikit-learn" else "tab:blue" for row in rows]
    ax.barh(names, times, color=colours)
    ax.set_xscale("log")
    ax.set_xlim(min(times) / 2, max(times) * 6)
    ax.invert_yaxis()
    for place, time in enumerate(times):
        ax.text(time * 1.15, place, seconds(time / 1e3), va="center", fontsize="small")
    ax.set_xlabel("median time, ms")
    ax.spines[["top", "right"]].set_visible(False)


def save_ladders(path, tables, title):
    """The picture of a bench: one ladder a problem, those with the most rows last."""
    plt = _pyplot()
    heights = [len(table["rows"]) for table in tables]
    figure, axes = plt.subplots(
        len(tables),
        1,
        figsize=(8, 0.32 * sum(heights) + 0.8 * len(tables)),
        height_ratios=heights,
        squeeze=False,
        layout="constrained",
    )
    try:
        figure.suptitle(title, fontsize="medium")
        for ax, table in zip(axes[:, 0], tables, strict=True):
            draw_ladder(ax, table)
            ax.set_title(table["problem"], fontsize="medium", loc="left")
            if ax is not axes[-1, 0]:
                ax.set_xlabel("")
        figure.savefig(path, dpi=110)
    finally:
        plt.close(figure)
