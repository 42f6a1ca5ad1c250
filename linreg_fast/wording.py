"""Floor 5: a fit in words."""


def equation(coef, intercept, features, target):
    """``y = 1.5 a - 2 b + 3``: enough digits to read, not to compute with.

    >>> equation([1.5, -2.0], 3.0, ["a", "b"], "y")
    'y = 1.5 a - 2 b + 3'
    """
    terms = [(c, f" {name}") for c, name in zip(coef, features, strict=True)] + [(intercept, "")]
    text = f"{target} ="
    for i, (number, name) in enumerate(terms):
        sign = "-" if number < 0 else "+" if i else ""
        text += (
            f" {sign}{' ' if i else ''}{abs(number):.6g}{name}" if sign else f" {number:.6g}{name}"
        )
    return text


def interpretation(slope, target, unit, target_unit):
    """What a slope means: ``for every year of age, ... rises by ...``."""
    verb = "rises" if slope >= 0 else "falls"
    return f"For every {unit}, {target} {verb} by {abs(slope):.4f} {target_unit}."
