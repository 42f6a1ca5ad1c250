"""What a formula names: columns of the frame, and functions; and whether it is safe to compute.

formulaic evaluates the factors of a formula as Python. A formula that stands in a file may come
from anywhere, so such a one is allowed arithmetic, numbers, columns and the functions of formulas,
and nothing else.
"""

import ast
import re

import numpy as np

from linreg_fast.estimators.formula_frames import no_column

NUMPY = frozenset(
    {"abs", "absolute", "arcsinh", "cbrt", "ceil", "clip", "cos", "exp", "expm1", "floor", "log"}
    | {"log10", "log1p", "log2", "maximum", "minimum", "sign", "sin", "sqrt", "square", "tan"}
    | {"tanh", "where"}
)
# What people from R write, and formulaic has only as np.sqrt and so on.
FUNCTIONS = {
    name: getattr(np, name)
    for name in ("sqrt", "abs", "log1p", "expm1", "sin", "cos", "tan", "tanh", "cbrt", "sign")
}
SAFE = (
    ast.Expression, ast.Name, ast.Load, ast.Constant, ast.Call, ast.keyword, ast.BinOp,
    ast.UnaryOp, ast.operator, ast.unaryop, ast.Compare, ast.cmpop, ast.BoolOp, ast.boolop,
    ast.List, ast.Tuple, ast.IfExp,
)  # fmt: skip


def functions():
    """Names that formulas may use: C, center, bs, log and so on."""
    from formulaic.transforms import TRANSFORMS

    return set(TRANSFORMS) | set(FUNCTIONS)


def as_python(text):
    """R's spellings as formulaic's: factor(x) is C(x), and I(x^2) is I(x**2).

    >>> as_python("y ~ factor(g) + as.factor(h) + I((x + 1)^2) + (a + b)^2")
    'y ~ C(g) + C(h) + I((x + 1)**2) + (a + b)^2'
    """
    text = re.sub(r"(?<![\w.`])(?:as\.)?factor\(", "C(", text)
    found, start = "", 0
    for match in re.finditer(r"(?<![\w.`])I\(", text):
        if match.start() < start:
            continue
        depth, end = 1, match.end()
        while depth and end < len(text):
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        found += text[start : match.start()] + text[match.start() : end].replace("^", "**")
        start = end
    return found + text[start:]


def expressions(formula):
    """(text of a factor, its syntax tree or None for a column's name, quoted names) of each."""
    seen = {}
    for term in formula:
        for factor in term.factors:
            text = factor.expr
            if text in seen or factor.eval_method.value == "literal":
                continue
            if factor.eval_method.value == "lookup":
                seen[text] = None, {}
                continue
            quoted: dict = {}

            def alias(found, quoted=quoted):
                name = f"_quoted{len(quoted)}_"
                quoted[name] = found.group(1)
                return name

            code = re.sub(r"`([^`]*)`", alias, text)
            try:
                seen[text] = ast.parse(code.strip(), mode="eval"), quoted
            except SyntaxError as error:
                raise ValueError(f"the formula's {text!r}: {error.msg}") from None
    return [(text, *found) for text, found in seen.items()]


def columns_of(formula, names, context=()):
    """The columns that a formula needs, in order; an error for a name that nothing has."""
    known = functions() | set(context)
    found = []
    for text, tree, quoted in expressions(formula):
        if tree is None:
            asked = [text]
        else:
            nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
            asked = [quoted.get(node.id, node.id) for node in nodes]
            asked = [name for name in asked if name in names or name not in known]
            asked += [
                node.args[0].value
                for node in ast.walk(tree)
                if isinstance(node, ast.Call)
                and getattr(node.func, "id", "") == "Q"
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ]
        for name in asked:
            if name not in names and name not in context:
                raise no_column(name, names)
            if name in names:
                found.append(name)
    return list(dict.fromkeys(found))


def refuse_unsafe(formula, context=()):
    """Raise for a formula that could do more than compute columns, with these names besides."""
    allowed = functions() - {"np", "contr"} | set(context)
    for text, tree, quoted in expressions(formula):
        for node in ast.walk(tree) if tree is not None else ():
            if isinstance(node, ast.Attribute):
                safe = isinstance(node.value, ast.Name) and (
                    (node.value.id == "np" and node.attr in NUMPY)
                    or (node.value.id == "contr" and not node.attr.startswith("_"))
                )
            elif isinstance(node, ast.Call):
                name = node.func
                safe = isinstance(name, ast.Attribute) or (
                    isinstance(name, ast.Name) and name.id in allowed and name.id not in quoted
                )
            elif isinstance(node, ast.Name):
                safe = not node.id.startswith("__")
            else:
                safe = isinstance(node, SAFE)
            if not safe:
                raise ValueError(
                    f"the formula's {text!r} is more than arithmetic, columns and the functions of "
                    f"formulas ({', '.join(sorted(allowed))}, np.log and the like)"
                )
