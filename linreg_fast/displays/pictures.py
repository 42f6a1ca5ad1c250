"""Pictures that are files: of a demo, of a model."""

import io
import os
from functools import partial

from linreg_fast.displays.descents import LossDisplay
from linreg_fast.displays.diagnosis import draw_four
from linreg_fast.displays.drawing import pyplot
from linreg_fast.displays.fits import FitDisplay, PredictionDisplay
from linreg_fast.runtime import atomic


def save_model(path, model, X, y, features, target, sample_weight=None):
    """The line of one feature, or predicted against actual; and the loss of a descent, if it is."""
    draw = partial(draw_model, model, X, y, features, target, sample_weight)
    pictures = [("the fit", draw)]
    if hasattr(model, "loss_curve_"):
        pictures.append(("the descent", lambda ax: LossDisplay.from_estimator(model, ax=ax)))
    _save(path, pictures)


def draw_model(model, X, y, features, target, sample_weight, ax):
    """The line of one feature, or predicted against actual."""
    if len(features) == 1:
        names = {"feature": features[0], "target": target}
        FitDisplay.from_estimator(model, X, y, sample_weight, **names, ax=ax)
    else:
        PredictionDisplay.from_estimator(model, X, y, target=target, ax=ax)


def save_demo(path, data, model, descent=None):
    """The picture of a demo: the fit, and the text's own descent where it has one."""
    if data.X.shape[1] == 1:
        X, y = data.X, data.y
    else:
        X, y = data.X_test, data.y_test
    draw = partial(draw_model, model, X, y, data.feature_names, data.target_name, None)
    pictures = [("the fit", draw)]
    if descent is not None:
        pictures.append(
            ("the text's own descent", lambda ax: LossDisplay.from_estimator(descent, ax=ax))
        )
    _save(path, pictures)


def save_four(path, influence, fitted):
    """R's four pictures of how well a line fits. fitted: (n,) values."""
    plt = pyplot()
    figure, axes = plt.subplots(2, 2, figsize=(10, 8), layout="constrained")
    try:
        draw_four(axes, influence, fitted)
        _write(figure, path, dpi=120)
    finally:
        plt.close(figure)


def _save(path, pictures):
    """(title, draw) of each, side by side."""
    plt = pyplot()
    figure, axes = plt.subplots(
        1, len(pictures), figsize=(5 * len(pictures), 4), squeeze=False, layout="constrained"
    )
    try:
        for ax, (title, draw) in zip(axes[0], pictures, strict=True):
            draw(ax=ax)
            ax.set_title(title, fontsize="medium")
        _write(figure, path, dpi=120)
    finally:
        plt.close(figure)


def _write(figure, path, dpi):
    """Whole or not at all."""
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=dpi, format=os.path.splitext(path)[1].lstrip(".").lower() or "png")
    atomic.write_bytes(path, drawn.getvalue())
