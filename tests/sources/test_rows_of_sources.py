"""Rows of any source: the same moments to the bit, and what no row may hold, by its place."""

import gzip
import io
import os
import signal
import threading
import time
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linreg_fast import RUNGS, LinearRegression, moments
from linreg_fast.sources import blocks as blocks_of
from linreg_fast.sources.summing import Tree, opened, summed
from linreg_fast.sources.table import read_table

pa = pytest.importorskip("pyarrow", reason="the extra 'arrow'")
from pyarrow import parquet  # noqa: E402


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of 64 rows: some hundred rows are several."""
    monkeypatch.setattr(blocks_of, "rows_of_block", lambda n_columns: 64)


@pytest.fixture
def rows(rng):
    """A table of 300 rows: x0 to x2, y and w."""
    X = rng.normal(size=(300, 3)) + 1e8
    columns = {f"x{j}": X[:, j] for j in range(3)}
    columns |= {"y": X @ [1.0, 2.0, 3.0] + rng.normal(size=300), "w": rng.uniform(0, 2, 300)}
    return pa.table(columns)


def arrays(table):
    X = np.column_stack([table[f"x{j}"].to_numpy() for j in range(3)])
    return X, table["y"].to_numpy(), table["w"].to_numpy()


def cut(table, folder, ends, **options):
    """The table in files that end at these rows."""
    folder.mkdir(exist_ok=True)
    begin = 0
    for k, end in enumerate([*sorted(ends), len(table)]):
        parquet.write_table(table.slice(begin, end - begin), folder / f"{k:02}.parquet", **options)
        begin = end
    return folder


def sources(table, folder, rng):
    """Name -> a source of the same rows."""
    import polars as pl
    from pyarrow import csv, dataset, feather

    def new(name):
        return str(folder / name)

    parts = cut(table, folder / "parts", rng.integers(0, 300, 4), row_group_size=50)
    parquet.write_table(table, new("t.parquet"))
    csv.write_csv(table, new("t.csv"))
    (folder / "t.csv.gz").write_bytes(gzip.compress((folder / "t.csv").read_bytes()))
    with pa.CompressedOutputStream(new("t.csv.zst"), "zstd") as file:
        file.write((folder / "t.csv").read_bytes())
    feather.write_feather(table, new("t.feather"))
    with pa.ipc.new_stream(new("t.arrows"), table.schema) as file:
        file.write_table(table, max_chunksize=77)
    X, y, w = arrays(table)
    frame = table.to_pandas()
    yield "folder", parts
    yield "pattern", f"{parts}/*.parquet"
    yield "list", [str(path) for path in sorted(parts.iterdir())]
    yield "paths", iter(sorted(parts.iterdir()))
    yield "bytes", os.fsencode(parts)
    for ending in ("parquet", "csv", "csv.gz", "csv.zst", "feather", "arrows"):
        yield ending, new(f"t.{ending}")
    yield "dataset", dataset.dataset(parts)
    yield "filtered", dataset.dataset(parts).filter(dataset.field("y") > -np.inf)
    yield "dataset of a table", dataset.dataset(table)
    yield "scanner", dataset.dataset(parts).scanner(batch_size=11)
    yield "parquet file", parquet.ParquetFile(folder / "t.parquet")
    yield "table", table
    yield "reader", table.to_reader(13)
    yield "pandas", frame
    yield "nullable", frame.convert_dtypes()
    yield "polars", pl.from_arrow(table)
    yield "lazy", pl.scan_parquet(new("t.parquet"))
    yield "record batches", iter(table.to_batches(max_chunksize=31))
    yield "frames", (frame[k : k + 45] for k in range(0, 300, 45))
    yield "arrays", ((X[k : k + 17], y[k : k + 17], w[k : k + 17]) for k in range(0, 300, 17))
    yield "arrays in F order", iter([(np.asfortranarray(X), y, w)])


def test_the_same_bits_from_every_source(tmp_path, rng, rows, small_blocks):
    expected = moments(rows, "y", "w")
    reference = moments(*arrays(rows))
    np.testing.assert_allclose(expected.comoment, reference.comoment, rtol=1e-15)
    assert expected.n_samples == 300
    for name, source in sources(rows, tmp_path, rng):
        names = () if name.startswith("arrays") else ("y", "w")
        assert moments(source, *names).to_json() == expected.to_json(), name
    assert not [t for t in threading.enumerate() if t.name == "linreg_fast-reader"]


@settings(deadline=None, max_examples=25)
@given(
    seed=st.integers(0, 2**32),
    sizes=st.lists(st.integers(1, 90), min_size=1, max_size=6),
    weight=st.sampled_from(["w", None]),
)
def test_the_same_bits_however_rows_are_cut(seed, sizes, weight):
    """With gaps, weights of zero and other types in each part."""
    rng = np.random.default_rng(seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks_of, "rows_of_block", lambda n_columns: 32)
        parts = []
        for size in sizes:
            x = pa.array(rng.integers(-9, 9, size), rng.choice([pa.int8(), pa.float32()]))
            gaps = rng.random(size) < rng.choice([0, 0.2, 1], p=[0.5, 0.45, 0.05])
            y = pa.array(rng.normal(size=size), mask=gaps)
            w = np.where(rng.random(size) < 0.2, 0.0, rng.uniform(0.1, 2, size))
            parts.append(pa.table({"x": x, "y": y, "w": w}))
        one = pa.concat_tables(
            [part.cast(pa.schema(dict.fromkeys("xyw", pa.float64()))) for part in parts]
        )
        complete = one.filter(pa.compute.is_valid(one["y"]))
        if not any((complete["w"] if weight else complete["x"].is_valid()).to_pylist()):
            return
        asked = {"features": ["x"], "missing": "drop"}
        expected = moments(complete, "y", weight, features=["x"]).to_json()
        for source in (parts, one, one.to_reader(7), one.to_reader(40)):
            assert moments(source, "y", weight, **asked).to_json() == expected


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names")
def test_a_pipe_is_read_in_the_callers_thread(tmp_path, rows):
    from pyarrow import csv

    expected = moments(rows, "y", "w").to_json()
    for name, write in {"t.csv": csv.write_csv, "t.parquet": parquet.write_table}.items():
        path = tmp_path / name
        os.mkfifo(path)
        sink = io.BytesIO()
        write(rows, sink)
        writer = threading.Thread(target=path.write_bytes, args=[sink.getvalue()])
        writer.start()
        assert moments(path, "y", "w").to_json() == expected
        writer.join()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="signals of POSIX")
def test_an_interrupt_is_answered_while_a_thread_reads_ahead(tmp_path, rows, monkeypatch):
    path = tmp_path / "t.parquet"
    parquet.write_table(rows, path)
    stream = opened(path, "y")

    def slowly():
        for _ in range(1000):
            time.sleep(0.02)
            yield from opened(path, "y").chunks()

    monkeypatch.setattr(stream, "chunks", slowly)
    sent = []

    def interrupt():
        sent.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(0.2, interrupt)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        summed(stream, RUNGS["compensated"])
    assert time.perf_counter() - sent[0] < 0.5
    timer.join()
    assert not [t for t in threading.enumerate() if t.name == "linreg_fast-reader"]


def test_duckdb(rows, small_blocks):
    duckdb = pytest.importorskip("duckdb")
    connection = duckdb.connect()
    connection.register("t", rows)
    relation = connection.sql("select * from t")
    expected = moments(rows, "y", "w").to_json()
    assert moments(relation, "y", "w").to_json() == expected
    assert moments(relation.to_arrow_reader(100), "y", "w").to_json() == expected


def test_dropped_rows_leave_no_trace(rng, rows, small_blocks):
    """Whether a row is null, NaN in the target, or not there at all."""
    mask = rng.random(300) < 0.1
    x = pa.array(rows["x1"].to_numpy(), mask=mask)
    y = rows["y"].to_numpy().copy()
    y[::50] = np.nan
    gappy = rows.set_column(1, "x1", x).set_column(3, "y", pa.array(y))
    kept = ~mask & ~np.isnan(y)
    assert moments(gappy, "y", missing="drop").to_json() == (
        moments(rows.filter(pa.array(kept)), "y").to_json()
    )
    with pytest.raises(ValueError, match=r"Table, row \d+: column 'x1' has a missing value"):
        moments(gappy, "y")
    place, number = rng.integers(300), rng.choice([np.inf, -np.inf])
    x = rows["x2"].to_numpy().copy()
    x[place] = number
    infinite = rows.set_column(2, "x2", pa.array(x))
    for source in (infinite, infinite.to_reader(80)):
        with pytest.raises(ValueError, match=rf"row {place + 1}: column 'x2' holds {number}"):
            moments(source, "y", missing="drop")


def test_a_gap_behind_whole_blocks_has_the_name_of_its_column(rows, small_blocks):
    pytest.importorskip("formulaic")
    x = pa.array(rows["x1"].to_numpy(), mask=np.arange(300) == 299)
    reader = rows.set_column(1, "x1", x).to_reader()
    with pytest.raises(ValueError, match="row 300: column 'x1' has a missing value"):
        LinearRegression.from_formula("y ~ I(x1 - x0) + x2", reader)


def test_the_tree_joins_by_number_alone():
    order = []

    class Recorded(str):
        def __add__(self, other):
            order.append(f"({self}{other})")
            return Recorded(order[-1])

    tree = Tree()
    for name in "abcdefg":
        tree.add(Recorded(name))
    assert tree.joined() == "(((ab)(cd))((ef)g))"


@pytest.mark.parametrize(("precision", "scale"), [(5, 2), (9, 4), (18, 2), (38, 10), (60, 3)])
def test_decimals_are_rounded_once(rng, precision, scale):
    digits = min(precision, 17)
    whole = rng.integers(-(10**digits) + 1, 10**digits, 200)
    cells = [Decimal(int(k)).scaleb(-scale) for k in whole] + [None]
    type_ = pa.decimal128(precision, scale) if precision <= 38 else pa.decimal256(precision, scale)
    column = pa.array(cells, type_)[3:]
    from linreg_fast.sources.arrow_columns import floats

    expected = [float(Fraction(int(k), 10**scale)) for k in whole[3:]]
    np.testing.assert_array_equal(floats(column), [*expected, np.nan])


def test_columns_of_every_kind(rng):
    table = pa.table(
        {
            "bool": pa.array([True, False, True, True]),
            "half": pa.array(np.array([1, 2, 3, 5], np.float16)),
            "coded": pa.array([7, 8, 7, 9]).dictionary_encode(),
            "y": pa.array([1, 2, 3, 7], pa.uint8()),
        }
    )
    X = [[1, 1, 7], [0, 2, 8], [1, 3, 7], [1, 5, 9]]
    assert moments(table, "y").to_json() == moments(np.array(X, float), [1, 2, 3, 7]).to_json()


def test_integers_that_floats_do_not_hold_are_told(tmp_path, rng):
    x = 2**60 + np.arange(30) * 4096
    tables = [pa.table({"x": x[:20], "y": x[:20] % 7}), pa.table({"x": x[20:], "y": x[20:] % 7})]
    says = rf"'x' holds whole numbers from {x[0]} to {x[-1]}, beyond .* multiples of 256"
    with pytest.warns(UserWarning, match=says):
        found = moments(tables, "y")
    assert found.comoment[0, 0] > 0
    path = tmp_path / "t.csv"
    path.write_text("x,y\n" + "\n".join(f"{a},{b}" for a, b in enumerate(x)))
    with pytest.warns(UserWarning, match=rf"'y' holds whole numbers from {x[0]}"):
        moments(path, "y")
    late = tmp_path / "late.csv"  # after the rows that the first look is at
    late.write_text("x,y\n" + "1,2\n3,5\n1e300,5\n" * 300 + f"1,{x[1]}\n2,4\n")
    for read in (lambda: moments(late, "y"), lambda: read_table(late, ["x", "y"])):
        with pytest.warns(UserWarning, match=f"'y' holds whole numbers from 2 to {x[1]}") as told:
            read()
        assert len(told) == 1
    with pytest.warns(UserWarning, match=r"'X\[0\]' holds whole numbers"):
        moments(iter([(x[:, None], np.arange(30))]))


TYPES = {
    "text": (pa.array(["1.5"] * 9), "'x' holds text, not numbers"),
    "bytes": (pa.array([b"1"] * 9), "'x' holds binary, not numbers"),
    "dates": (pa.array(range(9), pa.date32()), "'x' holds dates or times, not numbers"),
    "durations": (pa.array(range(9), pa.duration("s")), "'x' holds duration"),
    "lists": (pa.array([[1.0]] * 9), "'x' holds list"),
    "groups": (pa.array(["a"] * 9).dictionary_encode(), "'x' holds text"),
    "nothing": (pa.nulls(9), "'x' has a missing value"),
    "infinity": (pa.array([np.inf] * 9), "row 1: column 'x' holds inf"),
}


@pytest.mark.parametrize("kind", TYPES)
def test_what_is_no_number_is_refused_in_the_second_file(tmp_path, kind):
    column, says = TYPES[kind]
    good = pa.table({"x": np.arange(9.0) ** 2, "y": np.arange(9.0)})
    bad = good.set_column(0, "x", column)
    for name, table in {"a": good, "b": bad, "c": good}.items():
        parquet.write_table(table, tmp_path / f"{name}.parquet")
    with pytest.raises(ValueError, match=rf"b\.parquet.*{says}"):
        moments(tmp_path, "y")


def damage(path, how):
    data = bytearray(path.read_bytes())
    if how == "cut":
        data = data[: len(data) // 2]
    elif how == "empty":
        data = b""
    elif how == "flipped":
        data[len(data) // 3] ^= 4
    path.write_bytes(data)


@pytest.mark.parametrize("how", ["cut", "empty", "flipped"])
@pytest.mark.parametrize("ending", ["parquet", "csv.gz", "feather"])
def test_a_damaged_file_is_named(tmp_path, rng, how, ending):
    if (how, ending) == ("flipped", "feather"):
        pytest.skip("Feather has no checksums")
    from pyarrow import csv, feather

    table = pa.table({"x": rng.normal(size=4000), "y": rng.normal(size=4000)})
    for name in "abc":
        path = tmp_path / f"{name}.{ending}"
        if ending == "parquet":
            parquet.write_table(table, path, write_page_checksum=True, use_dictionary=False)
        elif ending == "feather":
            feather.write_feather(table, str(path))
        else:
            with pa.CompressedOutputStream(str(path), "gzip") as file:
                csv.write_csv(table, file)
    damage(tmp_path / f"b.{ending}", how)
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    with pytest.raises(ValueError, match=rf"b\.{ending}"):
        moments(tmp_path, "y")
    if before:
        assert len(os.listdir("/proc/self/fd")) <= before


def test_columns_of_several_files(tmp_path):
    """In any order, of any number type, others beside them; one that lacks a column is named."""
    from pyarrow import dataset

    a = pa.table({"x": [1.0, 2.0], "y": [1.0, 3.0]})
    b = pa.table({"note": ["u", "v"], "y": pa.array([5, 9], pa.int8()), "x": [True, False]})
    parquet.write_table(a, tmp_path / "a.parquet")
    parquet.write_table(b, tmp_path / "b.parquet")
    parquet.write_table(a.slice(0, 0), tmp_path / "c.parquet")
    expected = moments([[1.0], [2.0], [1.0], [0.0]], [1.0, 3.0, 5.0, 9.0])
    assert moments(tmp_path, "y").to_json() == expected.to_json()
    parquet.write_table(b.drop_columns("x"), tmp_path / "d.parquet")
    with pytest.raises(ValueError, match=r"d\.parquet has no column 'x'"):
        moments(tmp_path, "y")
    filtered = dataset.dataset(tmp_path).filter(dataset.field("y") > 0)
    with pytest.raises(ValueError, match=r"d\.parquet has no column 'x'"):
        moments(filtered, "y")


def test_folders_with_keys(tmp_path):
    table = pa.table({"x": [1.0, 2.0, 4.0], "y": [1.0, 3.0, 4.0]})
    for k in (1, 2):
        (tmp_path / f"k={k}").mkdir()
        parquet.write_table(table, tmp_path / f"k={k}" / "part.parquet")
        (tmp_path / f"k={k}" / "_SUCCESS").write_text("")
    X = [[x, k] for k in (1, 2) for x in (1.0, 2.0, 4.0)]
    expected = moments(X, [1.0, 3.0, 4.0] * 2).to_json()
    from pyarrow import dataset

    parts = dataset.dataset(tmp_path, partitioning="hive")
    for source in (tmp_path, f"{tmp_path}/k=*", f"{tmp_path}/*/*.parquet", f"{tmp_path}/**", parts):
        assert moments(source, "y", features=["x", "k"]).to_json() == expected
    (tmp_path / "k=oslo").mkdir()
    parquet.write_table(table, tmp_path / "k=oslo" / "part.parquet")
    with pytest.raises(ValueError, match=r"k=oslo.*column 'k' holds text"):
        moments(tmp_path, "y")


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("x,y\n1,2\n3,hello\n", r"t\.csv, line 3 \('hello'\): column 'y' holds text"),
        ("x,y\n1,2\n3,\n", r"t\.csv, line 3: column 'y' has a missing value"),
        ("x,y\n1,2\n3,inf\n", r"t\.csv, line 3: column 'y' holds inf"),
        ("x,y\n1,2\n3,4,5\n", r"t\.csv, line 3: 3 cells, the header names 2"),
        ("x,y\n", "no rows to fit: the source has none"),
        ("", r"t\.csv is empty"),
        ("x,x,y\n1,2,3\n", "more than one column is named 'x'"),
    ],
)
def test_text_tables(tmp_path, lines, says):
    path = tmp_path / "t.csv"
    path.write_text(lines)
    with pytest.raises(ValueError, match=says):
        moments(str(path), "y")


def test_paths_that_are_none(tmp_path, rows):
    with pytest.raises(FileNotFoundError, match="No file matches"):
        moments(f"{tmp_path}/*.parquet", "y")
    with pytest.raises(FileNotFoundError):
        moments(f"{tmp_path}/t.parquet", "y")
    with pytest.raises(ValueError, match="holds no table"):
        moments(tmp_path, "y")
    with pytest.raises(ValueError, match=r"pass a pyarrow\.dataset"):
        moments("s3://bucket/t.parquet", "y")
    path = tmp_path / "t.parquet"
    parquet.write_table(rows, path)
    with pytest.raises(ValueError, match="named twice"):
        moments([path, str(path)], "y")


def test_a_file_that_is_changed_meanwhile(tmp_path, rows):
    path = tmp_path / "t.parquet"
    parquet.write_table(rows, path)
    stream = opened(path, "y")
    parquet.write_table(rows.slice(7), path)
    with pytest.raises(ValueError, match=r"t\.parquet was changed"):
        list(stream.chunks())


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"features": []}, "at least one"),
        ({"features": "x0"}, "must be a list of names"),
        ({"features": ["x0", "x0"]}, "twice"),
        ({"features": ["x0", "y"]}, "'y' is among the features"),
        ({"features": ["x7"]}, "Table has no column 'x7'"),
        ({"missing": "keep"}, "missing must be one of raise, drop"),
        ({"sample_weight": "y"}, "the target and the weights too"),
    ],
)
def test_options_that_do_not_fit(rows, options, says):
    with pytest.raises(ValueError, match=says):
        moments(rows, "y", **options)


def batches(change=None, at=2):
    """Four batches of ten rows of two columns, one of them changed."""
    rng = np.random.default_rng(0)
    for k in range(4):
        X = rng.normal(size=(10, 2))
        item = (X, X.sum(axis=1))
        yield item if change is None or k != at else change(*item)


def stop(X, y):
    raise RuntimeError("the user's own")


def holding(value):
    def change(X, y):
        X[3, 1] = value
        return X, y

    return change


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        (stop, RuntimeError, "^the user's own$"),
        (holding(np.nan), ValueError, r"batch 2, row 3: column 'X\[1\]' has a missing value"),
        (holding(-np.inf), ValueError, r"batch 2, row 3: column 'X\[1\]' holds -inf"),
        (lambda X, y: (X[:, :1], y), ValueError, "batch 2 has 1 feature, .* first one 2 features"),
        (lambda X, y: (X, y[:3]), ValueError, "batch 2: X has 10 rows and y has 3"),
        (lambda X, y: (X, y, y), ValueError, "batch 2 has .* and weights, .* no weights"),
        (lambda X, y: (X.astype(str), y), ValueError, "batch 2: X must hold numbers"),
        (lambda X, y: X, ValueError, r"batch 2: an iterator must yield \(X, y\)"),
        (lambda X, y: None, ValueError, "batch 2: an iterator must yield .* got NoneType"),
    ],
)
def test_batches_of_an_iterator(change, error, says):
    with pytest.raises(error, match=says):
        moments(batches(change))


def test_an_empty_batch_is_nothing_and_no_rows_an_error():
    for at in (0, 2, 3):
        rows = [item for k, item in enumerate(batches()) if k != at]
        X, y = np.vstack([X for X, _ in rows]), np.hstack([y for _, y in rows])
        emptied = batches(lambda X, y: (X[:0], y[:0]), at)
        assert moments(emptied).to_json() == moments(X, y).to_json()
    used = batches()
    assert moments(used).n_samples == 40
    with pytest.raises(ValueError, match="has it been used up"):
        moments(used)
    tables = iter([])
    with pytest.raises(ValueError, match="has it been used up"):
        moments(tables, "y")
    table = pa.table({"x": [1.0, 2.0], "y": [1.0, 2.0]})
    with pytest.raises(ValueError, match="batch 1: the source holds an object of type int"):
        moments(iter([table, 1]), "y")
    with pytest.raises(ValueError, match="batch 1: the source holds an object of type NoneType"):
        moments(iter([table, None, table]), "y")
    reader = table.to_reader()
    assert moments(reader, "y").n_samples == 2
    with pytest.raises(ValueError, match="has it been used up"):
        moments(reader, "y")
