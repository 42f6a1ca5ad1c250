"""One rung explained: the way that X took, what it has to do, and its hot loop in machine code."""

import numpy as np

from linreg_fast.bench import bound, compiled, listing, remarks
from linreg_fast.bench.cases import bytes_of, flops
from linreg_fast.bench.machine import blas
from linreg_fast.data.gate import frozen
from linreg_fast.kernels import KERNELS, RUNGS
from linreg_fast.kernels.arithmetic.simd import VECTORS
from linreg_fast.kernels.moments import ways

AS = {"fit": "moments"}  # the sums of a fit are its moments; what follows is of p x p numbers
NOT_COMPILED = {
    "loops": "nothing is compiled: Python's bytecode on boxed numbers",
    "vectorized": "nothing of ours is compiled: NumPy's loops, and products by {blas}",
}


def way_of(problem, rung, X, y):
    """(name, why, what it bought) of the code that this shape and layout goes to."""
    if problem == "moments" and rung in ("tiled", "compensated"):
        way = ways.choose(X, y[:, None], None, rung)
        return f"moments/{way.name}.py", way.why, way.gain
    if rung == "tiled":
        if X.shape[1] == 1:
            return "steps/one_column.py", "one column, read at the speed of memory", ""
        if X.flags.c_contiguous and y.flags.c_contiguous:
            return "steps/by_rows.py", "C order: several rows side by side, along the columns", ""
        if X.flags.f_contiguous:
            return "steps/by_columns.py", "F order: down the columns, a piece of all at a time", ""
        return "steps/reference.py", "strided: number by number", ""
    return f"rungs/{rung}.py", RUNGS[rung].why, ""


def along(problem, rung, X, y):
    """The columns of X, where the loops of this way go along a row of them; else None."""
    way = way_of(problem, rung, X, y)[0]
    rows = way.startswith("rungs/") or way == "steps/by_rows.py"
    return X.shape[1] if rows and X.flags.c_contiguous else None


def hot(problem, rung, X, y):
    """Facts and lines of the hot loop; or {"error": ...} that says why there is none."""
    if rung in NOT_COMPILED:
        return {"error": NOT_COMPILED[rung].format(blas=blas()[0])}
    if not VECTORS:
        return {"error": "NUMBA_DISABLE_JIT is set: nothing is compiled"}
    call = compiled.caller(problem, rung, frozen(X), frozen(y))
    columns = along(problem, rung, X, y)
    found = compiled.hot_loop(compiled.used(call), columns)
    if found is None:  # it was there already
        call()
        found = compiled.hot_loop(_of_rung(problem, rung), columns)
    if found is None:
        return {"error": "this Numba keeps no listing of its code"}
    dispatcher, loop, text = found
    # LLVM makes several loops of one: for long rows in vectors, for what is left, for weights.
    others = [
        other
        for other in listing.loops(text)
        if other.function == loop.function and not loop.first <= other.first <= loop.last
    ]
    return {
        "function": f"{dispatcher.py_func.__module__}.{dispatcher.py_func.__name__}",
        "from cache": compiled.from_cache(dispatcher),
        "facts": loop.facts(),
        "loops in it": loop.within,
        "other loops": len(others),
        "of them without vectors": sum(other.facts()["vector"] == 0 for other in others),
        "lines": [(line.text, line.kind) for line in loop.lines],
    }


def _of_rung(problem, rung):
    """Code of the modules that a rung's functions call, where nothing was new in a call."""
    names = {f"linreg_fast.kernels.rungs.{rung}"}
    return [
        (one, signature)
        for one in compiled.dispatchers()
        for signature in one.signatures
        if one.py_func.__module__ in names and problem in one.py_func.__name__
    ]


def explain(problem, rung, X, y, with_remarks=True):
    """All that is to be said, as a dict: JSON can hold it.

    Parameters
    ----------
    problem : str
        Of mse, gradient, moments; fit is its moments.
    rung : str
        A name in RUNGS.
    X, y : arrays
    with_remarks : bool
        Compile it again, in another process, to see its source lines and LLVM's remarks.
    """
    asked, problem = problem, AS.get(problem, problem)
    if problem not in KERNELS:
        known = ", ".join((*KERNELS, *AS))
        raise ValueError(f"unknown problem {problem!r}; choose of {known}")
    if rung not in RUNGS:
        raise ValueError(f"unknown rung {rung!r}; choose of {', '.join(RUNGS)}")
    way, why, gain = way_of(problem, rung, X, y)
    work, moved = flops(problem, *X.shape), bytes_of(X, y)
    reads = RUNGS[rung].reads[KERNELS.index(problem)]
    found = {
        "problem": problem,
        "asked": asked,
        "rung": rung,
        "n_samples": len(X),
        "n_features": X.shape[1],
        "dtype": str(np.dtype(X.dtype)),
        "idea": RUNGS[rung].why,
        "way": way,
        "idea of the way": why,
        "gain": gain,
        "bytes": moved,
        "reads": reads,
        "flops": work,
        "flops per byte": work / moved,
        "hot": hot(problem, rung, X, y),
    }
    compiled_here = "error" not in found["hot"]
    found["source"] = (
        remarks.of(problem, rung, X) if with_remarks and compiled_here else {"source": []}
    )
    call = compiled.caller(problem, rung, frozen(X), frozen(y))
    found["bound"] = bound.of(rung, call, X, y, reads, work, found["hot"].get("facts"))
    return found
