"""A `Design` as plain numbers, lists and text, for files; what is read back is safe to compute."""

import numpy as np

from linreg_fast.estimators.formula_names import refuse_unsafe
from linreg_fast.estimators.formula_sides import Side, formulaic
from linreg_fast.estimators.formula_text import parsed
from linreg_fast.estimators.formulas import Design


def to_plain(design):
    """What `of_plain` makes the same design of."""
    return {
        "text": design.text,
        "left": _side(design.left),
        "right": _side(design.right),
    }


def of_plain(content):
    """The `Design` of what `to_plain` wrote; a ValueError for anything else."""
    formulaic()
    try:
        text, sides = content["text"], [content["left"], content["right"]]
        names = [str(name) for side in sides for name in side["columns"]]
        formulas = parsed(text)
        for formula in formulas:
            refuse_unsafe(formula)
        found = [
            _restored(Side(formula, names), side)
            for formula, side in zip(formulas, sides, strict=True)
        ]
        design = Design(text, *found)
        design.name_columns()
        return design
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(f"malformed file: its formula lacks something ({error})") from None


def _side(side):
    return {
        "columns": side.columns,
        "names": side.names,
        "slices": [[term, first, last] for term, first, last in side.slices],
        "levels": {name: [_scalar(each) for each in found] for name, found in side.levels.items()},
        "state": _plain(side.spec.transform_state),
    }


def _restored(side, content):
    from formulaic.parser.types import Factor

    encoders = {
        str(factor): (Factor.Kind.CATEGORICAL, {"categories": list(levels)})
        for factor, levels in content["levels"].items()
    }
    side.spec = side.spec.update(transform_state=_back(content["state"]), encoder_state=encoders)
    side.names = [str(name) for name in content["names"]]
    side.slices = [(str(term), int(first), int(last)) for term, first, last in content["slices"]]
    side.learnt = True
    return side


def _scalar(value):
    value = value.item() if isinstance(value, np.generic) else value
    if not isinstance(value, (str, int, float, bool)):
        raise ValueError(f"a level of a formula cannot be written to a file: {value!r}")
    return value


def _plain(value):
    """Dicts as pairs, since their keys may be numbers; arrays as lists with a mark."""
    if isinstance(value, dict):
        return {"pairs": [[_plain(key), _plain(each)] for key, each in value.items()]}
    if isinstance(value, np.ndarray):
        return {"array": value.tolist()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value if value is None else _scalar(value)


def _back(value):
    if isinstance(value, dict):
        if "array" in value:
            return np.array(value["array"])
        return {_back(key): _back(each) for key, each in value["pairs"]}
    return [_back(each) for each in value] if isinstance(value, list) else value
