"""What can be asked for: covariances by their names in the literature; what weights mean."""

from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np

HETEROSKEDASTIC = {"HC0": 1, "HC1": 1, "HC2": 2, "HC3": 3, "HC4": 4}  # which factor of the kernel
CLUSTERED = ("CR0", "CR1", "CR1S", "CR2", "CR3")
COVARIANCES = ("classical", *HETEROSKEDASTIC, *CLUSTERED, "HAC")
WEIGHTS = ("analytic", "frequency", "sampling")
STATA = {f"{mark}weight": name for mark, name in zip("afp", WEIGHTS, strict=True)}
TWO_WAY = ("min", "each")


class InferenceWarning(UserWarning):
    """Some numbers are not defined, or have lost digits: the message names which, and why."""


@dataclass(frozen=True)
class Choice:
    """A covariance and its options, checked.

    cov: one of `COVARIANCES`. lags: of HAC. weights: one of `WEIGHTS`. two_way: whose factor counts
    where there are two groupings. small_sample: HAC times n / (n - k). psd: negative eigenvalues
    of a two-way matrix are set to 0.
    """

    cov: str = "classical"
    lags: int | None = None
    weights: str = "analytic"
    two_way: str = "min"
    small_sample: bool | None = None
    psd: bool = False

    @classmethod
    def of(cls, cov, lags, weights, two_way, small_sample, psd, grouped):
        """The choice, or a ValueError that lists what there is."""
        if weights not in WEIGHTS:
            own = STATA.get(str(weights).lower())
            raise ValueError(
                f"weights says what weights mean, one of {', '.join(WEIGHTS)}, got {weights!r}"
                + (
                    f": Stata's {str(weights).lower()} are {own!r}"
                    if own
                    else ": the weights themselves, or their column's name, are sample_weight"
                )
            )
        if cov is None:
            cov = "CR1S" if grouped else "HAC" if lags is not None else "classical"
            if weights == "sampling" and cov == "classical":
                cov = "HC1"
        if cov not in COVARIANCES:
            near = [name for name in COVARIANCES if name.lower() == str(cov).lower()]
            hint = (
                f" (did you mean {near[0]!r}?)"
                if near
                else (
                    " (R's sandwich takes HC3 for it, Stata HC1, with groups CR1S)"
                    if str(cov).lower() in ("robust", "hc", "white", "sandwich", "cluster")
                    else ""
                )
            )
            raise ValueError(f"unknown cov {cov!r}{hint}: choose one of {', '.join(COVARIANCES)}")
        if weights == "sampling" and cov == "classical":
            raise ValueError("sampling weights have no classical covariance: leave cov out for HC1")
        if grouped != (cov in CLUSTERED):
            raise ValueError(
                f"groups go with {', '.join(CLUSTERED)}, not with cov={cov!r}"
                if grouped
                else f"cov={cov!r} needs groups: the cluster of each row"
            )
        if two_way not in TWO_WAY:
            raise ValueError(f"two_way must be 'min' or 'each', got {two_way!r}")
        if (lags is not None) != (cov == "HAC"):
            raise ValueError(
                f"lags go with cov='HAC', not with {cov!r}"
                + (": choose lags or groups (clusters), not both" if grouped else "")
                if lags is not None
                else "cov='HAC' needs lags, how many rows apart errors may hang together"
            )
        if lags is not None and not (
            isinstance(lags, Real) and not isinstance(lags, bool) and float(lags).is_integer()
        ):
            raise ValueError(f"lags must be a whole number, got {lags!r}")
        if lags is not None and lags < 0:
            raise ValueError(f"lags must be 0 or more, got {lags}")
        if small_sample is not None and cov != "HAC":
            raise ValueError(
                f"small_sample is for cov='HAC'; {cov} has its factor by its name "
                "(HC1 for HC0, CR1 and CR1S for CR0)"
            )
        if cov == "HAC" and weights == "frequency":
            raise ValueError("HAC depends on the order of the rows: repeat rows instead of weights")
        return cls(
            cov, None if lags is None else int(lags), weights, two_way, small_sample, bool(psd)
        )

    @property
    def needs_rows(self):
        return self.cov != "classical"

    @property
    def clustered(self):
        return self.cov in CLUSTERED

    @property
    def repeated(self):
        """Whether a weight of w stands for w equal rows."""
        return self.weights == "frequency"


def check_repeated(weights, values):
    """Whether weights count rows, of tests of residuals: a ValueError where they cannot."""
    if weights not in ("analytic", "frequency"):
        raise ValueError(
            f"weights must be 'analytic' or 'frequency' here, got {weights!r}: tests of residuals "
            "and influence are not defined for rows that were drawn unequally"
        )
    repeated = weights == "frequency" and values is not None
    if repeated:
        check_whole(values)
    return repeated


def check_level(level):
    """Raise for what is no probability: 95 for 0.95 is common."""
    if not isinstance(level, Real) or not 0 < level < 1:
        hint = (
            f" (did you mean {level / 100:g}?)"
            if isinstance(level, Real) and 1 < level < 100
            else ""
        )
        raise ValueError(f"level must be between 0 and 1, got {level!r}{hint}")
    return float(level)


def check_whole(weights):
    """Raise for the first frequency weight that is not a whole number."""
    broken = np.flatnonzero(weights != np.round(weights))
    if len(broken):
        row = int(broken[0])
        raise ValueError(
            f"frequency weights count rows and must be whole: {weights[row]} at row {row}; "
            "weights='analytic' takes any"
        )


def check_target(target, n_targets):
    """The place of a target, 0 of one."""
    if target is None:
        target = 0
    if not isinstance(target, Integral) or not 0 <= target < n_targets:
        raise ValueError(f"target must be from 0 to {n_targets - 1}, got {target!r}")
    return int(target)
