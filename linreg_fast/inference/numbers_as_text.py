"""Numbers as people read them in tables: never a p of 0.000, never a width that breaks columns."""

import math
import unicodedata


def p_as_text(p, log_p=None):
    """Three digits, in scientific notation where small; below a double's range by its logarithm."""
    if p is None or math.isnan(p):
        return "nan"
    if p >= 0.0995:
        return f"{p:.3f}"
    if p >= 1e-4:
        return f"{p:.{2 - math.floor(math.log10(p))}f}"[:8]
    if p >= 1e-300:
        return f"{p:.2e}"
    if log_p is not None and math.isfinite(log_p):
        return f"1e{math.floor(log_p / math.log(10))}"
    return "<1e-300"


def number(value, width=11, digits=6):
    """A number with `digits` digits within a width."""
    if value is None or math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    text = f"{value:#.{digits}g}".rstrip(".")
    while len(text) > width and digits > 1:
        digits -= 1
        text = f"{value:.{digits}g}"
    return text


def short(value):
    """A count as a whole number, another one with six digits."""
    return f"{value:.6g}" if value != int(value) else f"{int(value)}"


def cut(name, most):
    """A name within a width; its end, which tells names of one kind apart, stays."""
    if len(name) <= most and width(name) <= most:
        return name
    most = most * len(name) // max(width(name), len(name))
    left = (most - 2) // 2
    return f"{name[:left]}..{name[len(name) - (most - 2 - left) :]}"


def stars(p):
    """R's: *** below 0.001, ** below 0.01, * below 0.05, . below 0.1."""
    for limit, mark in ((0.001, "***"), (0.01, "**"), (0.05, "*"), (0.1, ".")):
        if p < limit:
            return mark
    return ""


def width(text):
    """Columns of a terminal that a text takes: two for letters of East Asia, none for accents.

    >>> width("area"), width("面積"), width("e\u0301")
    (4, 4, 1)
    """
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide - sum(map(bool, map(unicodedata.combining, text)))


def padded(text, size):
    """A text with blanks after it, to so many columns of a terminal."""
    return text + " " * (size - width(text))
