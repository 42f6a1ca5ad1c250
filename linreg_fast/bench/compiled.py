"""What the compiler made of a call: listings of the functions that it compiled or loaded."""

import gc

from linreg_fast.bench import listing
from linreg_fast.bench.cases import coefficients
from linreg_fast.kernels import RUNGS
from linreg_fast.runtime import launch, numba_internals


def dispatchers():
    """This package's compiled functions, of those that are imported."""
    kind, ours = numba_internals.Dispatcher, "linreg_fast."
    # isinstance would ask a weak proxy for the class of what may be gone.
    every = (found for found in gc.get_objects() if issubclass(type(found), kind))
    return [found for found in every if found.py_func.__module__.startswith(ours)]


def used(call):
    """[(dispatcher, signature)] of code that a call compiled, loaded or launched.

    Where drivers over blocks of rows were launched, only those: the rest joins what they found.
    """
    launched, before = (
        set(),
        {(id(one), signature) for one in dispatchers() for signature in one.signatures},
    )
    in_turns = launch.in_turns

    def noting(driver, *args):
        launched.update(map(id, driver))
        return in_turns(driver, *args)

    launch.in_turns = noting
    try:
        call()
    finally:
        launch.in_turns = in_turns
    every = [(one, signature) for one in dispatchers() for signature in one.signatures]
    drivers = [(one, signature) for one, signature in every if id(one) in launched]
    new = [(one, signature) for one, signature in every if (id(one), signature) not in before]
    return drivers or new


def assembly(dispatcher, signature):
    """The listing of one compiled function, or "" where this Numba keeps none."""
    found = dispatcher.overloads.get(signature)
    return "" if found is None else numba_internals.assembly(found.library)


def caller(problem, rung, X, y):
    """A function without arguments: the call of a rung."""
    kernels, (coef, intercept) = RUNGS[rung].kernels, coefficients(X.shape[1])
    if problem == "moments":
        return lambda: kernels.moments(X, y[:, None])
    return lambda: getattr(kernels, problem)(X, y, coef, intercept)


def from_cache(dispatcher):
    """Whether code of this function came from the disk."""
    return bool(sum(dispatcher.stats.cache_hits.values()))


def hot_loop(found, columns=None):
    """(dispatcher, `listing.Loop`, listing) of the loop over the rows of what a call used.

    columns: of X, where the loops go along a row, see `listing.hottest`.
    """
    best = None
    for dispatcher, signature in found:
        if dispatcher.targetoptions.get("no_cpython_wrapper"):
            continue  # a part of others, which has no code of its own
        text = assembly(dispatcher, signature)
        loop = listing.hottest(text, columns)
        if loop is not None and (best is None or loop.work > best[1].work):
            best = dispatcher, loop, text
    return best
