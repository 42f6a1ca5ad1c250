"""A fitted linear model as a JSON file: what `linreg-fast fit --out` writes and `predict` reads."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from linreg_fast.data import jsonfile
from linreg_fast.sources.groups import names_of

FILE_KIND, FILE_VERSION = "linreg_fast.model", 2  # 2: with categories

NO_CATEGORIES: Mapping[str, list[str]] = MappingProxyType({})


class Model(NamedTuple):
    """Coefficients with the names of the columns they belong to, and how they were found."""

    features: list[str]
    target: str
    coef: np.ndarray  # (n_features,)
    intercept: float
    details: dict  # r2, mse, rank, ...: for people, not needed to predict
    categories: Mapping[str, list[str]] = NO_CATEGORIES  # a column's groups; the first has no coef

    @property
    def columns(self):
        """The columns of a table that it predicts from."""
        parts = {part for both in self.categories.items() for part in names_of(*both)}
        return [*(name for name in self.features if name not in parts), *self.categories]

    def predict(self, X):
        return X @ self.coef + self.intercept

    def dumps(self):
        """The text of the file."""
        content = {
            "features": self.features,
            "target": self.target,
            "coef": self.coef.tolist(),
            "intercept": self.intercept,
            "details": self.details,
        }
        if not self.categories:  # then older versions can read it
            return jsonfile.dumps(FILE_KIND, 1, content)
        return jsonfile.dumps(FILE_KIND, FILE_VERSION, content | {"categories": self.categories})

    def save(self, path):
        jsonfile.write_text(path, self.dumps())

    @classmethod
    def load(cls, path):
        """Read a file that `save` wrote; a ValueError says what is wrong with any other."""
        try:
            return cls._of(jsonfile.loads(jsonfile.read_text(path), FILE_KIND, FILE_VERSION))
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None

    @classmethod
    def _of(cls, content):
        features, target = content.get("features"), content.get("target")
        if (
            not isinstance(features, list)
            or not features
            or not all(isinstance(name, str) for name in features)
            or len(set(features)) != len(features)
            or not isinstance(target, str)
        ):
            raise ValueError("malformed file: it needs a target and a list of different features")
        coef = np.array(jsonfile.numbers(content, "coef", len(features)))
        (intercept,) = jsonfile.numbers({"intercept": [content.get("intercept")]}, "intercept")
        details = content.get("details")
        details = details if isinstance(details, dict) else {}
        categories = _categories(content.get("categories", {}), features)
        return cls(features, target, coef, intercept, details, categories)


def _categories(found, features):
    well_formed = isinstance(found, dict) and all(
        isinstance(levels, list)
        and len(levels) > 1
        and all(isinstance(level, str) for level in levels)
        and len(set(levels)) == len(levels)
        and set(names_of(column, levels)) <= set(features)
        for column, levels in found.items()
    )
    if not well_formed:
        raise ValueError("malformed file: 'categories' must name columns and their groups")
    return found
