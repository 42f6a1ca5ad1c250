"""The matrix of a fit: columns of numbers, and columns of groups as zeros and ones."""

import warnings
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from linreg_fast.sources import groups


class Rows(NamedTuple):
    """What a model is fitted to."""

    X: np.ndarray  # (n, p) float64, in column-major order
    y: np.ndarray  # (n,)
    weights: np.ndarray | None  # (n,)
    names: list[str]  # of X's columns
    categories: dict[str, list[str]]  # columns of groups -> their groups, the first left out
    read: int  # rows of the table
    kept: np.ndarray | None = None  # (read,) of bool: which rows these are; None for all
    beside: Mapping[str, list] = MappingProxyType({})  # other columns asked for -> n cells


def design(columns, features, target, weights=None, kept=None):
    """The `Rows` of columns that a `Collector` has read.

    features: (place, whether it is a column of groups) of each; target, weights: places; kept:
    (rows,) of bool, or None for all rows.
    """
    path = columns.source.path
    n = columns.rows if kept is None else int(kept.sum())
    if not n:
        columns.matrix([target, *(place for place, _ in features)], kept)  # says what is to blame
    parts, categories = [], {}
    for place, grouped in features:
        name = columns.name(place)
        if not grouped:
            parts.append((place, [name], None))
            continue
        levels = groups.levels_of(columns.cells(place), kept)
        if len(levels) < 2:
            warnings.warn(
                f"{path}: categorical {name!r} has one group only and is left out", stacklevel=3
            )
            continue
        categories[name] = levels
        parts.append((place, groups.names_of(name, levels), levels))
    names = [name for _, part, _ in parts for name in part]
    if len(set(names)) != len(names):
        raise ValueError(f"{path}: a column and a group of another have one name, of {names}")
    p = len(names)
    values = np.empty((n, p + 1 + (weights is not None)), order="F")
    at = 0
    for place, part, levels in parts:
        if levels is None:
            columns.fill(values[:, at], place, kept)
        else:
            out = values[:, at : at + len(part)]
            groups.fill(out, columns.cells(place), levels, kept)
        at += len(part)
    columns.fill(values[:, p], target, kept)
    if weights is not None:
        columns.fill(values[:, p + 1], weights, kept)
    of_rows = None if weights is None else values[:, p + 1]
    return Rows(values[:, :p], values[:, p], of_rows, names, categories, columns.rows, kept)
