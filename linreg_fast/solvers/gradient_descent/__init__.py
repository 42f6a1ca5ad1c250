"""Least squares step by step."""

from linreg_fast.solvers.gradient_descent.descent import solve

__all__ = ["solve"]
