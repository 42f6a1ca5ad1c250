"""The moments of all rows: of arrays and frames, and of sources in batches that are not held."""

from linreg_fast.data import many_target_moments
from linreg_fast.data.gate import check_finite, is_dask
from linreg_fast.kernels import RUNGS
from linreg_fast.many_fits.table import LEAVE_OUT, table_given
from linreg_fast.sources.recognise import is_held, is_source


def moments_of(X, y, features, sample_weight, missing):
    """(`Moments`, names or None, whether y was 1-D, the library) of what a user passed."""
    if _is_stream(X, y):
        return _streamed(X, y, features, sample_weight, missing)
    if y is None:
        raise ValueError("y must be given")
    given = table_given(X, y, features, sample_weight, missing)
    check_finite(given.X, "X", given.features, advice=LEAVE_OUT)
    Y = given.y[:, None] if given.y.ndim == 1 else given.y
    found = many_target_moments.moments_of(given.X, Y, given.weights, RUNGS["compensated"])
    return found, given.features, given.y.ndim == 1, given.library


def _is_stream(X, y):
    return not is_held(X) and not is_dask(X) and is_source(X, y)


def _streamed(source, y, features, sample_weight, missing):
    from linreg_fast.sources.summing import opened, summed

    stream = opened(source, y, sample_weight, features)
    found, _ = summed(stream, RUNGS["compensated"], missing)
    return found, stream.feature_names, stream.one_target, ""
