"""A fitted linear model as a JSON file: what `linreg-fast fit --out` writes and `predict` reads."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from linreg_fast.data import jsonfile
from linreg_fast.sources.groups import names_of

FILE_KIND, FILE_VERSION = "linreg_fast.model", 3  # 2: with categories, 3: with a formula

NO_CATEGORIES: Mapping[str, list[str]] = MappingProxyType({})


class Model(NamedTuple):
    """Coefficients with the names of the columns they belong to, and how they were found."""

    features: list[str]
    target: str
    coef: np.ndarray  # (n_features,)
    intercept: float
    details: dict  # r2, mse, rank, ...: for people, not needed to predict
    categories: Mapping[str, list[str]] = NO_CATEGORIES  # a column's groups; the first has no coef
    certainty: dict | None = None  # what `cli.certainty` keeps
    formula: dict | None = None  # what `formula_file` keeps, and under "kinds" that of each column

    def design(self, unseen="error"):
        """The `Design` of the formula. unseen: what levels do that it does not know."""
        from linreg_fast.estimators.formula_file import of_plain

        found = of_plain(self.formula)
        if found.names != self.features:
            raise ValueError("malformed file: its formula has other columns than its features")
        found.first_row = 1  # as people count rows below a header
        found.unseen = unseen
        return found

    @property
    def columns(self):
        """The columns of a table that it predicts from."""
        if self.formula is not None:
            return list(self.formula["right"]["columns"])
        parts = {part for both in self.categories.items() for part in names_of(*both)}
        return [*(name for name in self.features if name not in parts), *self.categories]

    def predict(self, X):
        """(rows,) predictions, in the same bits however many rows are read at once."""
        from linreg_fast.sources.predictions import line

        coef = np.ascontiguousarray(self.coef[None, :])
        return line(X, coef, np.array([self.intercept]))

    def dumps(self):
        """The text of the file."""
        content = {
            "features": self.features,
            "target": self.target,
            "coef": self.coef.tolist(),
            "intercept": self.intercept,
            "details": self.details,
        }
        if self.certainty is not None:
            content["certainty"] = self.certainty
        version = 1  # as old as it can be, for older versions of the package
        if self.categories:
            version, content = 2, content | {"categories": self.categories}
        if self.formula is not None:
            version, content = 3, content | {"formula": self.formula}
        return jsonfile.dumps(FILE_KIND, version, content)

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
        certainty = content.get("certainty")
        if certainty is not None and not isinstance(certainty, dict):
            raise ValueError("malformed file: 'certainty' must hold moments")
        formula = _formula(content.get("formula"))
        return cls(features, target, coef, intercept, details, categories, certainty, formula)


def _formula(found):
    """The formula's content, whose columns and their kinds are known; None for none."""
    if found is None:
        return None
    try:
        kinds = found["kinds"]
        known = set(kinds.values()) <= {"number", "text"}
        names = [*found["left"]["columns"], *found["right"]["columns"]]
        well_formed = known and all(isinstance(name, str) for name in names)
        well_formed = well_formed and isinstance(found["text"], str) and set(names) <= set(kinds)
    except (KeyError, TypeError, AttributeError):
        well_formed = False
    if not well_formed:
        raise ValueError("malformed file: 'formula' must hold a formula and its columns")
    return found


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
