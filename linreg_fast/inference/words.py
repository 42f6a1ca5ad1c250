"""Restrictions in words, "area - 2*rooms = 3, age", as a matrix L and numbers r: L b = r."""

import difflib
import re

import numpy as np

INTERCEPT = ("intercept", "Intercept", "(Intercept)", "const", "_cons")
NUMBER = re.compile(r"(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def restrictions(text, names):
    """(L (q, P), r (q,)) of restrictions with commas in between; without "=" they are "= 0"."""
    rows, values = [], []
    for part in _parts(text, names):
        left, right = _sides(part, names)
        row, value = left[0] - right[0], right[1] - left[1]
        if not row.any():
            raise ValueError(f"no coefficient is in the restriction {part.strip()!r}")
        rows.append(row)
        values.append(value)
    return np.array(rows), np.array(values)


def place_of(name, names, also=()):
    """The place of a parameter, or a ValueError that lists the names near it, those `also` too."""
    if name in names:
        return names.index(name)
    if name in INTERCEPT and names and names[0] == "intercept":
        return 0
    every = list(dict.fromkeys([*also, *names]))
    near = difflib.get_close_matches(str(name), every, 3)
    near = near or [each for each in every if str(name) in each][:8] or every[:8]
    raise ValueError(f"there is no {name!r} among the parameters: do you mean {', '.join(near)}?")


def _parts(text, names):
    """At commas that are not within a name."""
    parts, start, place = [], 0, 0
    while place < len(text):
        name = _name_at(text, place, names)
        if name:
            place += len(name)
        elif text[place] == ",":
            parts.append(text[start:place])
            start = place = place + 1
        else:
            place += 1
    return [*parts, text[start:]]


def _name_at(text, place, names):
    """The longest name that stands there as a whole word, quoted by backticks or not."""
    found = ""
    before = text[place - 1] if place else " "
    for name in (*names, *INTERCEPT):
        for form in (name, f"`{name}`"):
            after = text[place + len(form) : place + len(form) + 1]
            whole = not (_word(before) and _word(form[0])) and not (
                _word(after) and _word(form[-1])
            )
            if len(form) > len(found) and text.startswith(form, place) and whole:
                found = form
    return found


def _word(character):
    return character.isalnum() or character in "_." if character else False


def _sides(part, names):
    """Each side as (factors (P,), a number)."""
    sides, place = [], 0
    tokens = []
    while place < len(part):
        name = _name_at(part, place, names)
        if name:
            tokens.append(("name", name.strip("`") if name.startswith("`") else name))
            place += len(name)
        elif part[place].isspace():
            place += 1
        elif number := NUMBER.match(part, place):
            tokens.append(("number", float(number.group())))
            place = number.end()
        elif part[place] in "+-*/=()":
            tokens.append((part[place], None))
            place += 1
        else:
            word = re.match(r"[\w.:\[\]]+", part[place:])
            if word:
                place_of(word.group(), names)  # raises
            raise ValueError(f"{part[place]!r} in the restriction {part.strip()!r} means nothing")
    start = 0
    marks = [k for k, (kind, _) in enumerate(tokens) if kind == "="]
    if len(marks) > 1:
        raise ValueError(f"more than one '=' in the restriction {part.strip()!r}")
    for end in [*marks, len(tokens)]:
        sides.append(_Sum(tokens[start:end], names, part).value())
        start = end + 1
    return sides if len(sides) == 2 else [*sides, (np.zeros(len(names)), 0.0)]


class _Sum:
    """A linear expression of names, read from left to right."""

    def __init__(self, tokens, names, text):
        self.tokens, self.names, self.text, self.at = tokens, names, text.strip(), 0

    def value(self):
        found = self._sum()
        if self.at < len(self.tokens):
            self._fail()
        return found

    def _fail(self):
        raise ValueError(f"the restriction {self.text!r} is no sum of numbers times coefficients")

    def _next(self):
        return self.tokens[self.at][0] if self.at < len(self.tokens) else None

    def _sum(self):
        sign, total = 1.0, None
        while total is None or self._next() in ("+", "-"):
            while self._next() in ("+", "-"):
                sign = -sign if self._next() == "-" else sign
                self.at += 1
            row, number = self._product()
            total = (
                (sign * row, sign * number)
                if total is None
                else (total[0] + sign * row, total[1] + sign * number)
            )
            sign = 1.0
        return total

    def _product(self):
        row, number = self._atom()
        while self._next() in ("*", "/"):
            kind = self._next()
            self.at += 1
            other, factor = self._atom()
            if kind == "/" and not other.any() and factor:
                row, number = row / factor, number / factor
            elif kind == "*" and not other.any():
                row, number = row * factor, number * factor
            elif kind == "*" and not row.any():
                row, number = other * number, factor * number
            else:
                self._fail()
        return row, number

    def _atom(self):
        if self.at >= len(self.tokens):
            self._fail()
        kind, content = self.tokens[self.at]
        self.at += 1
        row = np.zeros(len(self.names))
        if kind == "number":
            return row, content
        if kind == "name":
            row[place_of(content, self.names)] = 1.0
            return row, 0.0
        if kind == "-":
            row, number = self._atom()
            return -row, -number
        if kind == "(":
            found = self._sum()
            if self._next() != ")":
                self._fail()
            self.at += 1
            return found
        return self._fail()
