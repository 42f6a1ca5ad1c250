"""Least squares at the speed of memory, with digits you can trust.

Names load on first use (PEP 562): `import linreg_fast` imports neither numba, scipy nor
scikit-learn, and the functions `mse`, `gradient` and `moments` never import scikit-learn.
"""

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from linreg_fast import datasets
    from linreg_fast.data.many_target_moments import ManyTargetMoments
    from linreg_fast.data.moments import Moments
    from linreg_fast.displays.descents import LossDisplay, PathDisplay
    from linreg_fast.displays.diagnosis import (
        CoefficientsDisplay,
        LeverageDisplay,
        QuantilesDisplay,
        ResidualsDisplay,
        ScaleLocationDisplay,
    )
    from linreg_fast.displays.fits import FitDisplay, PredictionDisplay
    from linreg_fast.estimators.gradient_descent.estimator import GradientDescentRegressor
    from linreg_fast.estimators.linear_regression import LinearRegression
    from linreg_fast.estimators.ridge_cv import RidgeCV
    from linreg_fast.estimators.warmup import warmup
    from linreg_fast.functional.sums import gradient, moments, mse
    from linreg_fast.functional.training import initial_parameters, predict, r2, train
    from linreg_fast.inference.choices import InferenceWarning
    from linreg_fast.inference.hypotheses import chow
    from linreg_fast.inference.result import Inference
    from linreg_fast.kernels import RUNGS
    from linreg_fast.many_fits.groups import fit_groups
    from linreg_fast.many_fits.ridge import ridge_path
    from linreg_fast.many_fits.screening import f_regression, r_regression, screen
    from linreg_fast.many_fits.targets import fit_targets
    from linreg_fast.many_fits.validation import cross_validate
    from linreg_fast.many_fits.windows import fit_ewm, fit_expanding, fit_rolling
    from linreg_fast.solvers import SOLVERS

_HOME = {
    "LinearRegression": "estimators.linear_regression",
    "GradientDescentRegressor": "estimators.gradient_descent",
    "ManyTargetMoments": "data.many_target_moments",
    "Moments": "data.moments",
    "mse": "functional.sums",
    "gradient": "functional.sums",
    "moments": "functional.sums",
    "chow": "inference.hypotheses",
    "Inference": "inference.result",
    "InferenceWarning": "inference.choices",
    "RUNGS": "kernels",
    "RidgeCV": "estimators.ridge_cv",
    "cross_validate": "many_fits.validation",
    "screen": "many_fits.screening",
    "f_regression": "many_fits.screening",
    "r_regression": "many_fits.screening",
    "ridge_path": "many_fits.ridge",
    "fit_groups": "many_fits.groups",
    "fit_targets": "many_fits.targets",
    "fit_rolling": "many_fits.windows",
    "fit_expanding": "many_fits.windows",
    "fit_ewm": "many_fits.windows",
    "SOLVERS": "solvers",
    "datasets": "datasets",
    "warmup": "estimators.warmup",
    "initial_parameters": "functional.training",
    "train": "functional.training",
    "predict": "functional.training",
    "r2": "functional.training",
    "FitDisplay": "displays",
    "PredictionDisplay": "displays",
    "LossDisplay": "displays",
    "PathDisplay": "displays",
    "CoefficientsDisplay": "displays",
    "LeverageDisplay": "displays",
    "QuantilesDisplay": "displays",
    "ResidualsDisplay": "displays",
    "ScaleLocationDisplay": "displays",
}

__all__ = [
    "RUNGS",
    "SOLVERS",
    "CoefficientsDisplay",
    "FitDisplay",
    "GradientDescentRegressor",
    "Inference",
    "InferenceWarning",
    "LeverageDisplay",
    "LinearRegression",
    "ManyTargetMoments",
    "LossDisplay",
    "Moments",
    "PathDisplay",
    "PredictionDisplay",
    "QuantilesDisplay",
    "ResidualsDisplay",
    "ScaleLocationDisplay",
    "chow",
    "RidgeCV",
    "cross_validate",
    "datasets",
    "f_regression",
    "fit_ewm",
    "fit_expanding",
    "fit_groups",
    "fit_rolling",
    "fit_targets",
    "gradient",
    "initial_parameters",
    "moments",
    "mse",
    "predict",
    "r2",
    "r_regression",
    "ridge_path",
    "screen",
    "train",
    "warmup",
]


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{_HOME[name]}")
    value = module if name == "datasets" else getattr(module, name)
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *__all__})
