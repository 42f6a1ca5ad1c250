"""WAYS: every way to sum moments. The first of a rung's ways that takes the shape is taken.

A way is a module of this folder with two functions. `takes(X, Y, weights=None)` says whether it can
sum these rows, and faster than what stands below it; `sums(X, Y, weights=None)` returns what a
rung's `moments` does. Tests force each way on every shape that it takes.
"""

import functools
import importlib
from typing import Any, NamedTuple


@functools.cache
def _module(name):
    """A module of this folder; to ask for it again takes 2 us, of 50 around a fit."""
    return importlib.import_module(f"{__package__}.{name}")


class Way(NamedTuple):
    """One way to sum moments. `name` is its module in this folder."""

    name: str
    rung: str  # the rung whose `choose` asks it, or else the stage that calls it
    why: str  # the idea, in a phrase
    shapes: str  # which shapes it takes
    example: tuple  # (rows, columns, dtype) of a shape that goes this way
    gain: str  # what it bought against the way below it, where, and the commit

    @property
    def module(self) -> Any:
        return _module(self.name)

    def takes(self, X, Y, weights=None) -> bool:
        return self.module.takes(X, Y, weights)

    def sums(self, X, Y, weights=None):
        return self.module.sums(X, Y, weights)


WAYS = {
    way.name: way
    for way in (
        Way(
            "shared",
            "tiled",
            "all threads add to one matrix of sums, each to tiles of its own",
            "700 columns and more",
            (2_000, 800, "float64"),
            "20,000 x 1000: 1.18 to 1.27 times as fast (AVX2, b95e3c2), half the memory",
        ),
        Way(
            "one_column",
            "tiled",
            "five sums in registers, read at the speed of memory",
            "one column, one target, no weights",
            (300_000, 1, "float64"),
            "50,000 x 1: 107 to 20 us (AVX2, 4b63283)",
        ),
        Way(
            "columnwise",
            "tiled",
            "a vector holds rows of one column, as it lies; 4 x 4 sums in registers",
            "2 to 14 columns of F order or a frame, one target",
            (20_000, 10, "float64"),
            "16,384 x 10, F order, one core: 10.1 to 4.6 ns a row against `unpacked` (AVX-512)",
        ),
        Way(
            "unpacked",
            "tiled",
            "a row is two vectors: from memory to registers, without panels",
            "C order, up to 6 columns on AVX2 and 14 on AVX-512, one target",
            (200_000, 5, "float64"),
            "1M x 5: 2.0 to 1.0 ms, 1M x 10: 3.3 to 2.1 ms (AVX-512, 6269a36)",
        ),
        Way(
            "packed",
            "tiled",
            "rows packed into panels of columns, products summed in register tiles",
            "everything else",
            (20_000, 40, "float64"),
            "the engine that the other ways are compared with",
        ),
        Way(
            "doubled",
            "compensated",
            "products and sums in double-double: 30 digits",
            "everything",
            (2_000, 10, "float64"),
            "twice the digits, at about twice the time of packed",
        ),
        Way(
            "one_call",
            "solver auto, the fast path",
            "the moments of one block in one compiled call",
            "one target, no weights, up to 131,072 numbers (262,144 of one column)",
            (442, 10, "float64"),
            "442 x 10: 30 to 5 us; fits of 100,000 x 10: 0.71 to 0.26 ms (AVX2, ff557b3)",
        ),
        Way(
            "doubled_rows",
            "solver auto, the fast path",
            "double-double sums row by row in one compiled call",
            "one target, no weights, up to 128 rows",
            (100, 5, "float64"),
            "100 x 5: fits 38 to 24 us, first fits 11 to 6 s (AVX2, 7dde31b)",
        ),
        Way(
            "float32",
            "solver auto, float32",
            "float32 tiles, added to float64 after every few rows: eight digits",
            "24 float32 columns and more, of many values, and 10 million products",
            (20_000, 64, "float32"),
            "1.3 to 1.9 times as fast as packed (AVX2, ea3158f)",
        ),
    )
}


def choose(X, Y, weights=None, rung="tiled"):
    """The first way of a rung that takes these rows."""
    for way in WAYS.values():
        if way.rung == rung and way.takes(X, Y, weights):
            return way
    raise AssertionError("packed and doubled take every shape")


def name(X, Y, weights, rung):
    """The way in which a rung sums these rows, or the rung's own name where it has no ways."""
    return choose(X, Y, weights).name if rung == "tiled" else _ONLY.get(rung, rung)


_ONLY = {"compensated": "doubled"}
