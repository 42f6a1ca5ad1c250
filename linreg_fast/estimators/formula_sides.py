"""One side of a formula: what formulaic makes of a frame, and what the first frame taught it."""

import re
import warnings

import numpy as np

from linreg_fast.data.gate import listed
from linreg_fast.estimators.formula_names import columns_of

INTERCEPT = "Intercept"


def formulaic():
    """The package, or an ImportError that names the extra."""
    try:
        import formulaic
    except ImportError:
        raise ImportError("formulas need formulaic: pip install 'linreg_fast[formula]'") from None
    return formulaic


class Side:
    """One side of a formula; after the first frame with what that taught it.

    columns: of the frame. names: of the matrix, with the intercept. slices: (term, start, stop).
    """

    refuses = True  # numbers that are not finite

    def __init__(self, formula, names, context=()):
        self.text = " + ".join(map(str, formula))
        self.columns = columns_of(formula, names, context)
        self.spec = formulaic().ModelSpec.from_spec(formula, output="numpy", na_action="ignore")
        self.learnt, self.names, self.slices = False, [], []

    @property
    def columns_named(self):
        return [name for name in self.names if name != INTERCEPT]

    @property
    def levels(self):
        """{factor: its levels} of the factors that are not numbers."""
        found = self.spec.encoder_state.items()
        return {
            str(name): state["categories"] for name, (_, state) in found if "categories" in state
        }

    def values(self, table, context, rows):
        """(m, columns) float64 of a pandas frame without gaps; rows: where its rows stand."""
        package = formulaic()
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("error", package.errors.DataMismatchWarning)
            try:
                found = self.spec.get_model_matrix(table, context=context)
            except package.errors.DataMismatchWarning as error:
                raise ValueError(f"a level that the fit has not seen: {error}") from None
            except package.errors.FormulaicError as error:
                raise ValueError(f"the formula's {self.text!r}: {error}") from None
        names = list(found.model_spec.column_names)
        if not self.learnt:
            self.spec, self.names, self.learnt = found.model_spec, names, True
            slices = self.spec.term_slices.items()
            self.slices = [(str(term), part.start, part.stop) for term, part in slices]
        elif names != self.names:
            raise ValueError(f"the formula's columns are {listed(names)}, not {listed(self.names)}")
        kept = [j for j, name in enumerate(names) if name != INTERCEPT]
        values = np.asfortranarray(np.asarray(found, dtype=np.float64)[:, kept])
        if self.refuses:
            self._refuse_undefined(values, [names[j] for j in kept], rows)
        return values

    def unseen(self, table):
        """{column: (rows whose level the frame of the fit did not have, its levels)}."""
        found = {}
        for factor, levels in self.levels.items():
            name = factor if factor in table else re.sub(r"^C\((.*?)(,.*)?\)$", r"\1", factor)
            name = name.strip().strip("`")
            if name not in table:
                continue  # of a computed factor: formulaic's own warning tells
            out = ~table[name].isin(levels).to_numpy()
            if out.any():
                found[name] = out, levels
        return found

    def _refuse_undefined(self, values, names, rows):
        bad = ~np.isfinite(values)
        if bad.any():
            row, column = map(int, np.argwhere(bad)[0])
            raise ValueError(
                f"{names[column]!r} is {values[row, column]} in row {int(rows[row])}: the formula "
                "is not defined there (a logarithm of 0, a division by 0?), or the number is "
                "infinite"
            )
