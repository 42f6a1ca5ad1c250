"""How sure a fit is."""

from linreg_fast.inference.intervals import intervals

__all__ = ["intervals"]
