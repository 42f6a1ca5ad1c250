"""What every picture needs: matplotlib, an axis to draw on, a legend."""


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


def legend(ax):
    ax.legend(fontsize="small", frameon=False)
    ax.spines[["top", "right"]].set_visible(False)
