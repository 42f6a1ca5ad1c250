"""`CrossValidation`: scores of penalties on rows that were left out."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from linreg_fast.many_fits.frames import frame


def best_of(scores, scoring):
    """The place of the largest score.

    Raises
    ------
    ValueError
        Where none is a number: r2 of a fold that is tested on one row means nothing.
    """
    if np.isnan(scores).all():
        raise ValueError(
            f"no {scoring} is a number: r2 needs two rows in every fold that is tested on; take "
            "fewer folds, or neg_mean_squared_error"
        )
    return int(np.nanargmax(scores))


@dataclass(frozen=True, eq=False, repr=False)
class CrossValidation:
    """Scores of each penalty on rows that were left out.

    Attributes
    ----------
    alphas : ndarray of shape (n_alphas,)
    scores : ndarray of shape (n_alphas, n_folds)
        Larger is better. Of several targets the mean; leaving out single rows, a fold is a row.
    mean_score : ndarray of shape (n_alphas,)
    best_index, best_alpha, best_score
        Of the largest mean score; of equal ones the first.
    scoring : str
    moments : Moments, or ManyTargetMoments
        Of all rows: `ridge_path(moments, alphas=[best_alpha])` is the fit, without another pass.
    """

    alphas: np.ndarray
    scores: np.ndarray
    scoring: str
    moments: Any
    library: str = ""

    @property
    def mean_score(self):
        return self.scores.mean(axis=1)

    @property
    def best_index(self):
        return best_of(self.mean_score, self.scoring)

    @property
    def best_alpha(self):
        return float(self.alphas[self.best_index])

    @property
    def best_score(self):
        return float(self.mean_score[self.best_index])

    def to_frame(self):
        """A row a penalty: alpha, the mean score and its standard deviation over the folds."""
        columns = {"alpha": self.alphas, "mean_score": self.mean_score}
        return frame({**columns, "std_score": self.scores.std(axis=1)}, self.library)

    def __repr__(self):
        size = f"{len(self.alphas)} penalties, {self.scores.shape[1]} folds"
        if np.isnan(self.mean_score).all():
            return f"CrossValidation({size}; no {self.scoring} is a number)"
        return (
            f"CrossValidation({size}; best "
            f"alpha={self.best_alpha:g} with {self.scoring}={self.best_score:.6g})"
        )

    def _repr_html_(self):
        rows = zip(self.alphas, self.mean_score, self.scores.std(axis=1), strict=True)
        body = "".join(
            f"<tr><td>{a:.5g}</td><td>{m:.6g}</td><td>{s:.3g}</td></tr>" for a, m, s in rows
        )
        head = f"<tr><th>alpha</th><th>mean {self.scoring}</th><th>std</th></tr>"
        return f"<p>{self!r}</p><table>{head}{body}</table>"
