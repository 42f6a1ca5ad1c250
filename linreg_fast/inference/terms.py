"""F tests term by term: what each term of a model explains, beside which others."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import qr

from linreg_fast.inference import hypotheses, tails
from linreg_fast.inference.numbers_as_text import cut, number, p_as_text, short

KINDS = ("I", "II", "III")
DEPENDENT = 1e-9  # of a column's length, what the others leave of it
WORDS = {
    "I": "each after those above it",
    "II": "each beside all that do not contain it",
    "III": "each beside all others",
}


@dataclass(frozen=True)
class TermTests:
    """A line a term.

    Attributes
    ----------
    names : tuple of str
    df, sum_sq, f, p, log_p : ndarray of shape (n_terms,)
        Independent columns of the term, what it explains (nan with a robust covariance), F on (df,
        df_resid), its p, and the logarithm of that.
    df_resid : int
        Of t and F: clusters - 1 where errors are clustered.
    kind, cov_type : str
    """

    names: tuple
    df: np.ndarray
    sum_sq: np.ndarray
    f: np.ndarray
    p: np.ndarray
    log_p: np.ndarray
    df_resid: int
    kind: str
    cov_type: str

    def __repr__(self):
        width = min(max(map(len, (*self.names, "term"))), 40)
        squares = not np.isnan(self.sum_sq).all()
        head = f"{'term':<{width}} {'df':>5}" + f" {'sum of sq':>12}" * squares
        lines = [
            f"Tests of terms, type {self.kind} ({WORDS[self.kind]}), {self.cov_type}",
            f"{head} {'F':>11} {'p':>9}",
        ]
        for j, name in enumerate(self.names):
            line = f"{cut(name, width):<{width}} {self.df[j]:>5}"
            line += f" {number(float(self.sum_sq[j]), 12):>12}" * squares
            p = p_as_text(float(self.p[j]), float(self.log_p[j]))
            lines.append(f"{line} {number(float(self.f[j]), 11):>11} {p:>9}")
        return "\n".join([*lines, f"F on df and {short(self.df_resid)}"])

    def to_dict(self):
        """Plain numbers, lists and text."""
        found = {"kind": self.kind, "cov_type": self.cov_type, "names": list(self.names)}
        for name in ("df", "sum_sq", "f", "p", "log_p"):
            found[name] = getattr(self, name).tolist()
        return {**found, "df_resid": int(self.df_resid)}

    def to_frame(self):
        """A pandas DataFrame with a row a term."""
        from linreg_fast.inference.formats import pandas

        columns = {name: getattr(self, name) for name in ("df", "sum_sq", "f", "p")}
        return pandas().DataFrame(columns, index=list(self.names))


def anova(result, kind=None):
    """The `TermTests` of an `Inference`."""
    classical = result.choice.cov == "classical"
    kind = kind or ("II" if classical else "III")
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")
    if kind != "III" and not classical:
        raise ValueError(
            f"type {kind} compares sums of squares, which {result.choice.cov} has none of: take "
            "kind='III', or the classical covariance"
        )
    determined = result.basis.estimable(np.eye(len(result.names)))
    found = []
    for place, (_, places) in enumerate(result.terms):
        if kind == "III" and determined.all():
            test = hypotheses.wald(
                result, np.eye(len(result.names))[list(places)], np.zeros(len(places))
            )
            squares = test.chi2 * result.sigma**2 if classical else math.nan
            found.append((test.df[0], squares, test.f, test.p, test.log_p))
        else:
            found.append(_compared(result, place, kind))
    df, squares, f, p, log_p = (np.array(column) for column in zip(*found, strict=True))
    names = tuple(name for name, _ in result.terms)
    return TermTests(names, df, squares, f, p, log_p, result.df, kind, result.choice.cov)


def _compared(result, place, kind):
    """(df, sum of squares, F, p, log p): the fits with and without a term, both in coordinates."""
    terms = result.terms
    name, places = terms[place]
    if kind == "I":
        out = {j for _, later in terms[place + 1 :] for j in later}
    elif kind == "II":
        own = factors_of(name)
        larger = [there for other, there in terms if factors_of(other) > own]
        out = {j for there in larger for j in there}
    else:
        out = set()
    first = int(result.basis.centred)
    columns = _columns(result.basis)
    every = range(first, len(result.names))
    with_rank, with_it = _explained(columns, result, [j - first for j in every if j not in out])
    gone = out | set(places)
    rank, without = _explained(columns, result, [j - first for j in every if j not in gone])
    df, squares = with_rank - rank, max(with_it - without, 0.0)
    if df == 0 or not result.df > 0 or result.choice.cov != "classical":
        return df, squares if df else 0.0, math.nan, math.nan, math.nan
    f = squares / df / result.sigma**2 if result.sigma > 0 else math.inf
    return df, squares, f, *tails.f_p(f, df, result.df)


def _columns(basis):
    """(r, p) of the columns in coordinates, where they are orthonormal, each of unit length."""
    first = int(basis.centred)
    slopes = basis.root[first:, first:]
    sizes = np.ones(len(slopes))
    if slopes.shape[0] == slopes.shape[1]:  # then units may be taken out of the inverse
        sizes = np.sqrt((slopes * slopes).sum(axis=1))
    found = np.linalg.pinv(slopes / np.where(sizes > 0, sizes, 1.0)[:, None])
    return found / np.maximum(np.sqrt((found * found).sum(axis=0)), 1e-300)


def _explained(columns, result, chosen):
    """(rank, sum of squares) of a fit to some of the columns."""
    if not chosen:
        return 0, 0.0
    Q, R, _ = qr(columns[:, chosen], mode="economic", pivoting=True)
    rank = int((abs(np.diag(R)) > DEPENDENT).sum())
    parts = Q[:, :rank].T @ result.basis.projected
    return rank, float(parts @ parts)


def factors_of(term):
    """The factors of a term, which colons join.

    >>> sorted(factors_of("area:C(city, x=':')"))
    ["C(city, x=':')", 'area']
    """
    parts, depth, quote, start = set(), 0, "", 0
    for place, letter in enumerate(term):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "`'\"":
            quote = letter
        elif letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
        elif letter == ":" and not depth:
            parts.add(term[start:place].strip())
            start = place + 1
    return frozenset({*parts, term[start:].strip()})
