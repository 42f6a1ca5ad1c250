"""Files with bytes changed at random, and calls with odd arguments: a clear error, or an answer.

LINREG_FAST_FUZZ=10000 sets how many changed files each reader gets.
"""

import os
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from linreg_fast import LinearRegression, Moments, cli
from linreg_fast import moments as moments_of

pytestmark = pytest.mark.slow
COUNT = int(os.environ.get("LINREG_FAST_FUZZ", "400"))
TOKENS = [
    b"nan",
    b"1e999",
    b"-",
    b"null",
    b'"',
    b"\x00",
    b"\xff\xfe",
    b"[",
    b"{}",
    b",",
    b"\n",
    b"9" * 400,
]


def changed(content, rng):
    """A copy with one to four bytes changed, taken out, doubled, or with an odd token put in."""
    content = bytearray(content)
    for _ in range(rng.integers(1, 5)):
        at = int(rng.integers(len(content) + 1))
        to = min(at + int(rng.integers(1, 30)), len(content))
        match rng.integers(5):
            case 0 if at < len(content):
                content[at] = rng.integers(256)
            case 1:
                del content[at:to]
            case 2:
                content[at:at] = content[at:to]
            case 3:
                content[at:at] = TOKENS[rng.integers(len(TOKENS))]
            case _:
                del content[at:]
        if not content:
            content = bytearray(b" ")
    return bytes(content)


@pytest.fixture
def files(tmp_path, rng):
    """A table, a model that was fitted to it, and its moments."""
    table, model, moments = (tmp_path / name for name in ("t.csv", "model.json", "moments.json"))
    values = rng.normal(size=(12, 3)).round(3)
    table.write_text("\n".join(["a,b,y", *(",".join(map(str, row)) for row in values.tolist())]))
    assert cli.main(["fit", str(table), "--target", "y", "--out", str(model)]) == 0
    moments_of(values[:, :2], values[:, 2]).save(moments)
    return table, model, moments


@pytest.mark.filterwarnings("default")  # as on the command line: printed
@pytest.mark.parametrize("command", ["fit", "predict a table", "predict with a model", "score"])
def test_the_command_line_reads_changed_files(files, rng, tmp_path, capsys, command):
    table, model, _ = files
    output = tmp_path / "output"

    broken = tmp_path / ("broken.json" if "model" in command else "broken.csv")
    original = (model if "model" in command else table).read_bytes()
    calls = {
        "fit": ["fit", broken, "--target", "y", "--out", output],
        "predict a table": ["predict", model, broken, "--out", output],
        "predict with a model": ["predict", broken, table, "--out", output],
        "score": ["score", model, broken],
    }
    arguments = list(map(str, calls[command]))
    codes = set()
    capsys.readouterr()
    for _ in range(COUNT):
        content = changed(original, rng)
        broken.write_bytes(content)
        code = cli.main(arguments)
        out, errors = capsys.readouterr()
        codes.add(code)
        assert code in (0, 2), content
        assert "Traceback" not in out + errors, content
        assert "internal error" not in errors, content
        assert output.exists() == (code == 0 and command != "score"), content
        if code == 2:
            assert errors.startswith("linreg-fast: "), content
            assert len(errors) < 2000, content
        output.unlink(missing_ok=True)
    assert 2 in codes


def test_moments_read_changed_files(files, rng, tmp_path):
    original = files[2].read_bytes()
    broken = tmp_path / "broken.json"
    refused = 0
    for _ in range(COUNT):
        broken.write_bytes(changed(original, rng))
        try:
            found = Moments.load(broken)
        except ValueError:
            refused += 1
        else:
            assert np.isfinite(found.mean).all()
    assert refused > COUNT // 4


shapes = st.tuples(st.integers(0, 7), st.integers(0, 4))
numbers = st.floats(allow_nan=True, allow_infinity=True, width=64)
matrices = npst.arrays(st.sampled_from([np.float64, np.float32, np.int64]), shapes)
targets = npst.arrays(np.float64, st.integers(0, 7), elements=numbers)
weights = st.none() | npst.arrays(np.float64, st.integers(0, 7), elements=numbers)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    X=matrices, y=targets, sample_weight=weights, intercept=st.booleans(), positive=st.booleans()
)
def test_any_arrays_are_fitted_or_refused(X, y, sample_weight, intercept, positive):
    model = LinearRegression(fit_intercept=intercept, positive=positive)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model.fit(X, y, sample_weight)
        except ValueError:
            assert not hasattr(model, "coef_")
        else:
            assert model.coef_.shape == X.shape[1:]
            assert np.isfinite(model.coef_).all() or np.abs(X).max() > 1e100
            assert model.predict(X).shape == y.shape
