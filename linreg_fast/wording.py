"""Floor 5: fits and measurements in words."""

MOST_TERMS = 20  # of a line


def equation(coef, intercept, features, target, has_intercept=True):
    """``y = 1.5 a - 2 b + 3``: enough digits to read, not to compute with.

    Of more than 20 features the first ten.

    >>> equation([1.5, -2.0], 3.0, ["a", "b"], "y")
    'y = 1.5 a - 2 b + 3'
    >>> equation(range(1, 31), 3.0, [f"x{j}" for j in range(30)], "y")[-39:]
    '+ 9 x8 + 10 x9 + (20 more features) + 3'
    """
    terms = [(c, f" {name}") for c, name in zip(coef, features, strict=True)]
    left = len(terms) - 10 if len(terms) > MOST_TERMS else 0
    terms = terms[: len(terms) - left]
    more = f" + ({left} more features)" if left else ""
    text = f"{target} ={_summed(terms)}{more}"
    return text + _summed([(intercept, "")], bool(terms)) if has_intercept else text


def _summed(terms, goes_on=False):
    """The terms with their signs; goes_on: behind others."""
    text = ""
    for number, name in terms:
        first = not (text or goes_on)
        sign = "-" if number < 0 else "" if first else "+"
        text += f" {sign}{'' if first else ' '}{abs(number):.6g}{name}"
    return text


def interpretation(slope, target, unit, target_unit):
    """What a slope means: ``for every year of age, ... rises by ...``."""
    verb = "rises" if slope >= 0 else "falls"
    return f"For every {unit}, {target} {verb} by {abs(slope):.4f} {target_unit}."


def ratio(slower, faster):
    """How many times faster, with three digits; - where there is nothing to compare with."""
    if slower is None:
        return "-"
    value = slower / faster
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def seconds(value):
    """3 digits with a unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if value >= size or unit == "us":
            number = value / size
            digits = 2 if number < 10 else 1 if number < 100 else 0
            return f"{number:.{digits}f} {unit}"
    raise AssertionError


def amount(value):
    """A count with a decimal prefix, ready for its unit: 88.0 M."""
    for prefix, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:.1f} {prefix}"
    return f"{value:.0f} "
