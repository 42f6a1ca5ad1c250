"""`GradientDescentRegressor`, and what belongs to it alone."""

from linreg_fast.estimators.gradient_descent.estimator import GradientDescentRegressor

__all__ = ["GradientDescentRegressor"]
