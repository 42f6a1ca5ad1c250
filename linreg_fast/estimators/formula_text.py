"""The text of a formula: what its dot stands for, and its two sides."""

import re

from linreg_fast.estimators.formula_names import as_python, columns_of
from linreg_fast.estimators.formula_sides import formulaic

ALL_OTHERS = re.compile(r"(?<![\w.`)\]])\.(?![\w.])")  # the dot of y ~ .


def spelt_out(text, names):
    """A formula with the columns that the dot of ``y ~ .`` stands for."""
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"a formula is text such as 'price ~ area + C(city)', got {text!r}")
    left, tilde, right = text.partition("~")
    if not tilde or not ALL_OTHERS.search(right):
        return text
    target = columns_of(parsed(f"{left} ~ 1")[0], names)
    others = [f"`{name}`" if not name.isidentifier() else name for name in names if name]
    others = [name for name in others if name.strip("`") not in target]
    if not others:
        raise ValueError(f"the formula {text!r}: there is no other column for the dot")
    return f"{left}~{ALL_OTHERS.sub('(' + ' + '.join(others) + ')', right)}"


def parsed(text):
    """(left side or None, right side) of a formula; a ValueError says what is wrong with it."""
    package = formulaic()
    try:
        found = package.Formula(as_python(text))
    except (package.errors.FormulaicError, SyntaxError, AttributeError) as error:
        words = re.sub("\x1b\\[[0-9;]*m|[⧛⧚]", "", str(error))
        stata = " (Stata's a##b is a * b, and a#b is a:b)" if "#" in text else ""
        raise ValueError(f"the formula {text!r}: {' '.join(words.split())}{stata}") from None
    left, right = getattr(found, "lhs", None), getattr(found, "rhs", found)
    if not isinstance(right, package.SimpleFormula):
        raise ValueError(f"the formula {text!r} has more than one right-hand side")
    return left, right
