"""What every picture needs: matplotlib, an axis to draw on, names, points, a legend."""

import numpy as np

MOST_POINTS = 20_000  # more take minutes and show the same cloud


def pyplot():
    """matplotlib.pyplot, or an error that names the extra."""
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise ImportError("pictures need matplotlib: pip install 'linreg_fast[plot]'") from None
    return plt


class Display:
    """Keeps its numbers, and where they are drawn: `ax_` and `figure_`."""

    def _axes(self, ax):
        ax = pyplot().subplots(figsize=(5, 4), layout="constrained")[1] if ax is None else ax
        self.ax_, self.figure_ = ax, ax.figure
        return ax


def refuse_pipelines(model, display):
    """Raise for a pipeline, whose columns are not those that the picture is given."""
    steps = getattr(model, "steps", None)
    if steps:
        raise TypeError(
            f"{display} draws the model itself, and got a {type(model).__name__} of it: "
            f"hand it pipeline[-1] (a {type(steps[-1][1]).__name__}), with "
            "pipeline[:-1].transform(X) for X"
        )


def last_step(model):
    """The model at the end of a pipeline, or the model."""
    steps = getattr(model, "steps", None)
    return steps[-1][1] if steps else model


def plain(name):
    """A name as it is: matplotlib takes what is between dollars for a formula."""
    return str(name).replace("$", r"\$")


def scatter(ax, x, y, label):
    """Points; of very many those of rows at equal distances."""
    some = np.unique(np.linspace(0, len(x) - 1, min(len(x), MOST_POINTS)).astype(np.int64))
    if len(some) < len(x):
        label = f"{label}: {len(some):,} of {len(x):,}"
    ax.scatter(x[some], y[some], s=14, color="tab:blue", alpha=0.7, linewidth=0, label=label)


def legend(ax):
    ax.legend(fontsize="small", frameon=False)
    ax.spines[["top", "right"]].set_visible(False)
