"""Forms in which people's text tables come: both engines read them, and read the same bits."""

import bz2
import contextlib
import gzip
import lzma
import os
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linreg_fast.sources.cells import MISSING
from linreg_fast.sources.table import ENGINES, column_names, open_table, read_table

pytestmark = pytest.mark.filterwarnings("ignore")  # what is said of these forms: see selection
engines = pytest.mark.parametrize("engine", ENGINES[1:])
MARKERS = sorted({m for word in MISSING for m in (word, word.upper())})
ROWS = [[1.5, 2.0], [2.5, 4.0], [-3.0, 7.0]]


def table(tmp_path, text, name="t.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.fixture(autouse=True)
def _pyarrow(request):
    if "engine" in request.fixturenames and request.getfixturevalue("engine") == "arrow":
        pytest.importorskip("pyarrow", reason="the extra 'arrow'")


@engines
@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1.5,2\n2.5,4\n-3,7\n",
        "a,b\r\n1.5,2\r\n2.5,4\r\n-3,7",
        "a,b\r1.5,2\r2.5,4\r-3,7\r",
        "a;b\n1.5;2\n2.5;4\n-3;7\n",
        "a;b\n1,5;2,0\n2,5;4,0\n-3,0;7\n",
        '"a","b"\n"1,5","2,0"\n"2,5","4"\n"-3","7"\n',
        "a|b\n1.5|2\n2.5|4\n-3|7\n",
        "a\tb\n1.5\t2\n2.5\t4\n-3\t7\n",
        "a    b\n1.5  2\n2.5  4\n -3  7\n",
        " a  b \n 1.5  2\n 2.5 4 \n-3  7 \n",
        '"a", "b"\n1.5, "2"\n2.5, "4"\n-3, "7"\n',
        "a,b\n\n1.5,2\n,\n2.5,4\n\n-3,7\n,\n",
        "a,b,\n1.5,2,\n2.5,4,\n-3,7,\n",
        "a,b,\n1.5,2\n2.5,4\n-3,7\n",
        "\n\na,b\n+1.5,2\n2.5,+4\n-3,7\n",
        "sep=;\na;b\n1,5;2\n2,5;4\n-3;7\n",
        "# two columns\na,b\n1.5,2\n2.5,4\n-3,7\n",
        "# a b\n1.5 2\n2.5 4\n-3 7\n",
        '"a" "b"\n"1" 1.5 2\n"2" 2.5 4\n"3" -3 7\n',  # as R writes row names
        "Things\n\na,note,b\n1.5,x,2\n2.5,y,4\n-3,z,7\n",
        "a,note,b\nm,-,kg\n1.5,x,2\n2.5,y,4\n-3,z,7\n".replace("-,kg", "word,kg"),
        'a,note,b\n1.5,"x\ny",2\n2.5,"z, ""q""",4\n-3,w,7\n',
        'note,a,b\n5" pipe,1.5,2\n"abc,2.5,4\nw,-3,7\n',
        'a,b,"c (m; 2015)"\n1.5,2,1\n2.5,4,1\n-3,7,1\n',
        'a,"c\td",b\n1.5,1,2\n2.5,1,4\n-3,1,7\n',
        '"x, mm";a;b\n9;1,5;2\n8;2,5;4\n9;-3;7\n',
        "when,a,b\n2020-01-01 10:00,1.5,2\n2020-01-02 10:00,2.5,4\n2020-01-03 10:00,-3,7\n",
        "\ufeffa,b\n1.5,2\n2.5,4\n-3,7\n",
        "a,b\n1.5,2\n2.5,4\n-3,7\n".encode("utf-16"),
        "a,b\n1.5,2\n2.5,4\n-3,7\n".encode("utf-16-be"),
        "straße,a,b\nä,1.5,2\nö,2.5,4\nü,-3,7\n".encode("cp1252"),
        gzip.compress(b"a,b\n1.5,2\n2.5,4\n-3,7\n", mtime=0),
        bz2.compress(b"a,b\n1.5,2\n2.5,4\n-3,7\n"),
        lzma.compress(b"a,b\n1.5,2\n2.5,4\n-3,7\n"),
        "text,a,b\n" + "x" * 140_000 + ",1.5,2\ny,2.5,4\nz,-3,7\n",
        "n,n,a,b\n1,1,1.5,2\n1,1,2.5,4\n1,1,-3,7\n",
    ],
)
def test_forms(tmp_path, text, engine):
    found = read_table(table(tmp_path, text), ["a", "b"], engine=engine)
    assert found.values.tolist() == ROWS
    assert found.values.flags.f_contiguous


@engines
@pytest.mark.parametrize("marker", [*MARKERS, " NA ", '""', "nUlL"])
def test_markers_of_missing_values(tmp_path, marker, engine):
    path = table(tmp_path, f"a,note,b\n1,x,2\n{marker},y,4\n3,z,{marker}\n5,w,6\n")
    values = read_table(path, ["a", "b"], missing="keep", engine=engine).values
    np.testing.assert_array_equal(values, [[1, 2], [np.nan, 4], [3, np.nan], [5, 6]])
    assert read_table(path, ["a", "b"], missing="drop").values.tolist() == [[1, 2], [5, 6]]
    with pytest.raises(ValueError, match="line 3: column 'a' has a missing value"):
        read_table(path, ["a", "b"], engine=engine)


@engines
def test_zstandard(tmp_path, engine):
    pa = pytest.importorskip("pyarrow", reason="the extra 'arrow'")
    path = tmp_path / "t.csv.zst"
    with pa.CompressedOutputStream(str(path), "zstd") as file:
        file.write(b"a,b\n1.5,2\n2.5,4\n-3,7\n")
    assert read_table(path, ["a", "b"], engine=engine).values.tolist() == ROWS


@pytest.mark.parametrize("spoil", [lambda b: b[:-12], lambda b: b[:30] + b"\0\1\2" + b[33:]])
def test_a_damaged_archive_is_named(tmp_path, spoil, rng):
    text = "a,b\n" + "\n".join(f"{x!r},1" for x in rng.normal(size=999).tolist())
    path = table(tmp_path, spoil(gzip.compress(text.encode())), "t.csv.gz")
    with pytest.raises(ValueError, match=r"t\.csv\.gz cannot be unpacked"):
        read_table(path, ["a", "b"])


@engines
def test_options_say_how_a_table_is_written(tmp_path, engine):
    path = table(tmp_path, "größe:b\n1,500:2\n2,500:4\n".encode("cp437"))
    options = {"delimiter": ":", "decimal": ",", "encoding": "cp437", "engine": engine}
    assert read_table(path, ["größe", "b"], **options).values.tolist() == [[1.5, 2], [2.5, 4]]
    for wrong, says in (({"delimiter": "::"}, "one character"), ({"encoding": "x"}, "none that")):
        with pytest.raises(ValueError, match=says):
            read_table(path, ["b"], **(options | wrong))


def test_names_that_look_the_same(tmp_path):
    path = table(tmp_path, "Gro\u0308\u00dfe,2019\n1,2\n")
    assert read_table(path, ["Gr\u00f6\u00dfe", "2019"]).values.tolist() == [[1, 2]]
    with pytest.raises(ValueError, match=r"did you mean '2019'\?"):
        read_table(path, ["2018"])


def test_years_name_columns_and_other_numbers_do_not(tmp_path):
    assert column_names(table(tmp_path, '"2019","2020"\n1,2\n')) == ["2019", "2020"]
    for header in ("2019,2019", "1.5,2.5", "5,2020"):
        with pytest.raises(ValueError, match="must name the columns"):
            column_names(table(tmp_path, f"{header}\n1,2\n"))


@engines
@pytest.mark.parametrize("size", [300_000, 30])
def test_long_tables_are_cut_between_rows(tmp_path, rng, monkeypatch, engine, size):
    """Blocks end at ends of rows, whatever stands in quotes; lines are counted on."""
    monkeypatch.setattr("linreg_fast.sources.csv_files.BLOCK", size)
    monkeypatch.setattr("linreg_fast.sources.csv_files.READ", size)
    values = np.round(rng.normal(size=(4000 if size > 99 else 200, 3)), 6)
    lines = ["a,note,b,c"]
    for k, (a, b, c) in enumerate(values.tolist()):
        note = '"two\nlines, ""quoted"""' if k % 7 == 3 else f"note {k}"
        lines.append(f"{a!r},{note},{b!r},{c!r}" + "\n" * (k % 11 == 5))
    path = table(tmp_path, "\n".join(lines))
    found = read_table(path, ["a", "b", "c"], engine=engine).values
    assert found.tobytes() == values.tobytes()
    lines[150] = "1,note,,2"
    path = table(tmp_path, "\n".join(lines))
    line = "\n".join(lines[:150]).count("\n") + 2
    with pytest.raises(ValueError, match=f"line {line}: column 'b' has a missing value"):
        read_table(path, ["b", "c"], engine=engine)


def test_a_pipe_is_read_once(tmp_path):
    if not hasattr(os, "mkfifo"):
        pytest.skip("named pipes are POSIX's")
    path = tmp_path / "pipe.csv"
    os.mkfifo(path)
    writer = threading.Thread(target=lambda: path.write_text("a,b\n1.5,2\n2.5,4\n-3,7\n"))
    writer.start()
    assert read_table(path, ["a", "b"]).values.tolist() == ROWS
    writer.join()


def test_only_the_columns_asked_for_are_read(tmp_path):
    """What is wrong elsewhere is no error."""
    path = table(tmp_path, "bad,bad,x,a\n1,2,inf,1\ntext,,,2\n,NA,x,3\n")
    assert read_table(path, ["a"]).values[:, 0].tolist() == [1, 2, 3]
    with open_table(path) as source:
        assert [column.kind for column in source.columns] == ["text", "number", "text", "number"]
    with pytest.raises(ValueError, match="more than one column is named 'bad'"):
        read_table(path, ["bad"])


@engines
@pytest.mark.parametrize("second", ["Rome", '" Rome"'])
def test_blanks_behind_delimiters_are_no_part_of_text(tmp_path, second, engine):
    path = table(tmp_path, f"a,city\n1, Oslo\n2,{second}\n3,Bern\n")
    with open_table(path, delimiter=",", engine=engine) as source:
        (batch,) = source.batches([0], [1])
    assert batch.texts[1] == ["Oslo", second.strip('"'), "Bern"]


def test_parquet_columns_of_every_kind(tmp_path):
    pa = pytest.importorskip("pyarrow", reason="the extra 'arrow'")
    from decimal import Decimal

    from pyarrow import parquet

    cents = [Decimal("0.29"), Decimal("12345678.15"), None]
    columns = {
        "cents": pa.array(cents, pa.decimal128(18, 2)),
        "coded": pa.array([7, 8, 7]).dictionary_encode(),
        "word": pa.array(["x", "y", "x"]).dictionary_encode(),
        "day": pa.array([1, 2, 3], pa.date32()),
        "a.b": pa.array([1.0, float("nan"), 3.0]),
        "list": pa.array([[1], [2], [3]]),
    }
    path = tmp_path / "t.parquet"
    parquet.write_table(pa.table(columns), path)
    with open_table(path) as source:
        kinds = [column.kind for column in source.columns]
    assert kinds[:5] == ["number", "number", "text", "date", "number"]
    values = read_table(path, ["cents", "coded", "a.b"], missing="keep").values
    np.testing.assert_array_equal(values, [[0.29, 7, 1], [12345678.15, 8, np.nan], [np.nan, 7, 3]])
    for name, says in (("word", "holds text"), ("day", "holds dates"), ("list", "holds list")):
        with pytest.raises(ValueError, match=says):
            read_table(path, [name])


CELLS = st.one_of(
    st.floats().map(repr),
    st.integers(-(10**20), 10**20).map(str),
    st.sampled_from(
        ["", "NA", " 3", "1e5", "1_0", "+7", "0x1", "1,5", '"2"', '"a,b"', "-", "\u0663"]
    ),
)


def numbers_and_cells(path, texts, engine):
    """The first column of each batch, as numbers and as it stands."""
    with open_table(path, delimiter=",", engine=engine) as source:
        for batch in source.batches([0], texts):
            number = batch.faults if batch.faults else batch.numbers[0].tobytes()
            yield number, batch.texts.get(0)


@settings(deadline=None, max_examples=200)
@given(rows=st.lists(st.lists(CELLS, min_size=2, max_size=4), min_size=1, max_size=8))
def test_both_engines_say_the_same(tmp_path_factory, rows):
    pytest.importorskip("pyarrow", reason="the extra 'arrow'")
    text = "\n".join(["x,y,note", *(",".join(row) for row in rows)])
    path = table(tmp_path_factory.mktemp("same"), text)
    found = []
    for engine in ENGINES[1:]:
        try:
            values = read_table(
                path, ["x", "y"], missing="keep", delimiter=",", engine=engine
            ).values
            found.append(values.tobytes())
            plain, both = (list(numbers_and_cells(path, texts, engine)) for texts in ((), (0,)))
            assert [number for number, _ in both] == [number for number, _ in plain]
            found.append(both)
        except ValueError as error:
            found.append(str(error))
    assert found[: len(found) // 2] == found[len(found) // 2 :]
    with contextlib.suppress(ValueError):
        column_names(path)
