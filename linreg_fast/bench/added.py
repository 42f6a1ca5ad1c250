"""Rows from outside the package: `bench --add FILE.py`, `--add module:expression`, or functions.

Each public function of a file with two required parameters is a way to fit, and so is what an
expression of an importable module gives: a function of (X, y), or an estimator with fit, coef_ and
intercept_. It returns ``[intercept, *coef]`` or ``(coef, intercept)``. A file with `mse`,
`gradient` or `moments` of the kernels' contract is a rung of those tables.

What is foreign is tried first, see `trial`, and measured in a process of its own, see `apart`:
there it may be wrong, hang or exit without harm to the others.
"""

import importlib
import importlib.util
import inspect
import sys
import types
from functools import partial
from pathlib import Path

import numpy as np

from linreg_fast.bench.cases import Row, kernel_result
from linreg_fast.bench.expected import REFERENCES, expected_fit
from linreg_fast.kernels import KERNELS

RTOL = 1e-7  # other people's normal equations have lost some digits


def as_pair(found, p, targets=()):
    """(coef, intercept) of what a way to fit returned, or a ValueError that says what it wants.

    targets: the shape (t,) of many.
    """
    if targets:
        return _of_many(found, (*targets, p))
    wanted = f"wanted [intercept, *coef], {p + 1} numbers, or (coef, intercept)"
    if isinstance(found, tuple) and len(found) == 2:
        coef, intercept = (np.asarray(part, dtype=np.float64) for part in found)
        if coef.size == p and intercept.size == 1:
            return coef.reshape(p), intercept.reshape(1)
        raise ValueError(f"returned shapes {coef.shape} and {intercept.shape}; {wanted}")
    array = np.asarray(found)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"returned {type(found).__name__}; {wanted}")
    if array.size != p + 1:
        raise ValueError(f"returned {array.size} numbers; {wanted}")
    array = array.astype(np.float64).ravel()
    return array[1:], array[:1]


def _of_many(found, shape):
    pair = [np.asarray(part) for part in found] if isinstance(found, tuple) else [np.asarray(found)]
    if [part.shape for part in pair] != [shape, shape[:1]]:
        told = " and ".join(str(part.shape) for part in pair)
        raise ValueError(f"returned {told}; wanted (coef {shape}, intercept {shape[:1]})")
    return pair[0].astype(np.float64), pair[1].astype(np.float64)


def _fit(way, X, y):
    return as_pair(way(X, y), X.shape[1], y.shape[1:])


def _estimated(estimator, X, y):
    from sklearn.base import clone

    model = clone(estimator).fit(X, y)
    if y.ndim > 1:
        return model.coef_, model.intercept_
    return np.ravel(model.coef_), np.ravel(model.intercept_)


def way_of(thing, name):
    """A function of (X, y) from a function or an estimator."""
    if inspect.isclass(thing) and hasattr(thing, "fit"):
        thing = thing()
    if hasattr(thing, "fit") and not inspect.isclass(thing):
        return partial(_estimated, thing)
    if callable(thing):
        return thing
    raise ValueError(f"{name} is {type(thing).__name__}: neither a function nor an estimator")


def fit_row(name, thing, why="", source=""):
    """The row of a way to fit."""
    solve = partial(_fit, way_of(thing, name))
    return Row(name, why, 1, solve, expected_fit, RTOL, False, "added", source)


def _takes_two(function):
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    needed = [p for p in parameters if p.default is p.empty and p.kind in kinds]
    return len(needed) == 2


def _phrase(thing, otherwise):
    lines = (getattr(thing, "__doc__", None) or "").strip().splitlines()
    return lines[0].rstrip(".") if lines else otherwise


def _module(spec):
    """The module of a file or an importable name; a ValueError that says where it fails."""
    path = Path(spec)
    if spec.endswith(".py"):
        if not path.is_file():
            raise ValueError(f"--add {spec}: there is no such file")
        name = f"added_{path.stem}"
        described = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(described)
        sys.modules[name] = module  # for what it pickles, and for dataclasses
        load = partial(described.loader.exec_module, module)
    else:
        module, load = None, partial(importlib.import_module, spec)
    try:
        loaded = load()
    except (Exception, SystemExit) as error:
        line = _line_in(error, str(path.resolve()) if path.suffix == ".py" else spec)
        told = f"{type(error).__name__}: {error}".strip(": ")
        raise ValueError(f"--add {spec}: it does not import{line}: {told}") from None
    return module or loaded


def _line_in(error, path):
    if isinstance(error, SyntaxError) and error.lineno:
        return f", line {error.lineno}"
    trace, found = error.__traceback__, ""
    while trace is not None:
        if str(Path(trace.tb_frame.f_code.co_filename).resolve()) == path:
            found = f", line {trace.tb_lineno}"
        trace = trace.tb_next
    return found


def load(spec):
    """problem -> rows of what --add names; a ValueError where it gives none."""
    name, colon, expression = spec.partition(":")
    if colon and not spec.endswith(".py"):
        module = _module(name)
        try:
            thing = eval(expression, dict(vars(module)))
        except Exception as error:
            raise ValueError(f"--add {spec}: {type(error).__name__}: {error}") from None
        why = f"of {name}" if not callable(thing) else _phrase(thing, f"of {name}")
        return {"fit": [fit_row(expression, thing, why, spec)]}
    module = _module(spec)
    found = _rung_rows(module, spec)
    ways = [
        fit_row(key, thing, _phrase(thing, f"of {Path(spec).name}"), spec)
        for key, thing in vars(module).items()
        if not key.startswith("_")
        and key not in KERNELS
        and getattr(thing, "__module__", "") == module.__name__
        and (_takes_two(thing) if inspect.isfunction(thing) else hasattr(thing, "fit"))
    ]
    if ways:
        found["fit"] = ways
    if not found:
        raise ValueError(
            f"--add {spec}: it has no public function of (X, y), and none of {', '.join(KERNELS)}"
        )
    return found


def _rung_rows(module, spec):
    """The rows of a module with functions of the contract."""
    name = Path(spec).stem
    rung = types.SimpleNamespace(kernels=module, name=name)
    why = _phrase(module, f"of {Path(spec).name}")
    return {
        problem: [
            Row(
                name,
                why,
                1,
                partial(kernel_result, problem, rung),
                REFERENCES[problem],
                1e-9,
                kind="added",
                source=spec,
            )
        ]
        for problem in KERNELS
        if inspect.isfunction(getattr(module, problem, None))
    }


def checked_names(rows):
    """The same rows, or a ValueError for a name that is there twice."""
    names = [row.name for row in rows]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"two rows of one table are called {twice[0]!r}: give one another name")
    return rows
