"""A fitted linear model as a JSON file: what `linreg-fast fit --out` writes and `predict` reads."""

from typing import NamedTuple

import numpy as np

from linreg_fast.data import jsonfile

FILE_KIND, FILE_VERSION = "linreg_fast.model", 1


class Model(NamedTuple):
    """Coefficients with the names of the columns they belong to, and how they were found."""

    features: list[str]
    target: str
    coef: np.ndarray  # (n_features,)
    intercept: float
    details: dict  # r2, mse, rank, ...: for people, not needed to predict

    def predict(self, X):
        return X @ self.coef + self.intercept

    def save(self, path):
        content = {
            "features": self.features,
            "target": self.target,
            "coef": self.coef.tolist(),
            "intercept": self.intercept,
            "details": self.details,
        }
        jsonfile.write_text(path, jsonfile.dumps(FILE_KIND, FILE_VERSION, content))

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
        return cls(features, target, coef, intercept, details if isinstance(details, dict) else {})
