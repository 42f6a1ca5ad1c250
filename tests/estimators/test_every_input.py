"""The README's table of what each kind of input can do: every cell is tried."""

from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from linreg_fast import LinearRegression, moments

README = Path(__file__).parents[2] / "README.md"
pd = pytest.importorskip("pandas")
pa = pytest.importorskip("pyarrow", reason="the extra 'arrow'")
pytestmark = pytest.mark.filterwarnings("ignore:X does not have valid feature names")


def cells():
    """(kind, verb) -> what the table says."""
    text = README.read_text(encoding="utf-8").partition("<!-- inputs:")[2]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[:10]]
    return {
        (row[0], verb): says for row in rows for verb, says in zip(head[1:], row[1:], strict=True)
    }


class Input:
    """Rows as a kind of input. gap: with a missing value; named: by the names of columns."""

    def __init__(self, kind, frame, folder):
        self.kind, self.frame, self.folder = kind, frame, folder
        self.by_name = '"y"' in kind or kind.startswith("Dask")

    def given(self, weighted=False, gap=False):
        """What is passed: X and y, or a source and names."""
        frame = self.frame.copy()
        if gap:
            frame.loc[5, "a"] = np.nan
        columns = ["a", "b", "y", *(["w"] if weighted else [])]
        if self.by_name:
            return (self._table(frame[columns]), *columns[2:])
        parts = [frame[["a", "b"]], *(frame[name] for name in columns[2:])]
        if self.kind == "frames: X, y":
            return parts
        parts = [part.to_numpy() for part in parts]
        if self.kind.startswith("sparse"):
            return [sparse.csr_array(parts[0]), *parts[1:]]
        if self.kind.startswith("iterators of (X"):
            return [iter([[part[:20] for part in parts], [part[20:] for part in parts]])]
        return parts

    def _table(self, frame):
        if self.kind.startswith("Dask"):
            return pytest.importorskip("dask.dataframe").from_pandas(frame, npartitions=3)
        if self.kind.startswith("readers"):
            return pa.Table.from_pandas(frame, preserve_index=False).to_reader(7)
        if self.kind.startswith("files"):
            path = self.folder / "t.parquet"
            frame.to_parquet(path)
            return path
        return frame

    def rows(self):
        """What is predicted."""
        if self.kind.startswith("iterators of (X"):
            return self.given()[0]
        return self._table(self.frame[["a", "b"]]) if self.by_name else self.given()[0]


def tried(verb, rows, model):
    """What a verb does with the rows, as numbers."""
    if verb == "fit":
        return model.fit(*rows.given()).coef_
    if verb == "partial_fit":
        return model.partial_fit(*rows.given()).partial_fit(*rows.given()).moments_.n_samples
    if verb == "moments":
        return moments(*rows.given()).n_samples
    if verb == "weights":
        return model.fit(*rows.given(weighted=True)).moments_.weight_sum
    if verb == "missing":
        return model.fit(*rows.given(gap=True), missing="drop").n_dropped_
    if verb == "of the model":
        return model.set_params(missing="drop").fit(*rows.given(gap=True)).n_dropped_
    if verb == "formula":
        return type(model).from_formula("y ~ a + b", rows.given()[0]).coef_
    model.fit(*rows.given())
    if verb == "score":
        return model.score(*rows.given())
    if verb == "predict":
        return np.asarray(model.predict(rows.rows()))
    if verb == "to a file":
        return model.predict_to_file(rows.rows(), rows.folder / "p.csv")
    if verb == "inference()":
        return model.inference().se
    if verb == 'cov="HC3"':
        return model.inference(*rows.given(), cov="HC3").se
    assert verb == "influence"
    return model.influence(*rows.given()).leverage


@pytest.mark.parametrize("kind", dict.fromkeys(kind for kind, _ in cells()))
def test_a_line_of_the_table(kind, rng, tmp_path):
    frame = pd.DataFrame(rng.normal(size=(40, 2)), columns=["a", "b"])
    frame["y"] = frame["a"] - 2 * frame["b"] + rng.normal(size=40)
    frame["w"] = rng.uniform(1, 2, 40)
    rows, plain = Input(kind, frame, tmp_path), Input("arrays: X, y", frame, tmp_path)
    for verb, says in ((verb, says) for (of, verb), says in cells().items() if of == kind):
        verb = {'missing="drop"': "missing"}.get(verb, verb)
        if verb == "formula":
            pytest.importorskip("formulaic", reason="the extra 'formula'")
        if says in ("of the model", "to a file", "no"):
            with pytest.raises((ValueError, TypeError)):
                tried(verb, rows, LinearRegression())
        if says == "no":
            continue
        verb = verb if says == "yes" else says
        found = tried(verb, rows, LinearRegression())
        same = {"missing": "of the model", "formula": "fit"}.get(verb, verb)
        if verb != "to a file":
            expected = tried(same, plain, LinearRegression())
            np.testing.assert_allclose(found, expected, rtol=1e-9, err_msg=verb)
