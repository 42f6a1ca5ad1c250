"""The record: what is drawn of it is in it, saved ones are read back and compared."""

import html
import io
import json
import re

import numpy as np
import pytest

from linreg_fast.bench import against, cases, machine, page, record, report
from linreg_fast.bench.runs import joined
from linreg_fast.bench.table import print_table


@pytest.fixture(scope="module")
def found():
    """A small bench's record."""
    X, y = cases.generate(500, 4, seed=1)
    tables = report.run([("<b>mine</b>", X, y)], ["gradient", "fit"], budget=0.0)
    empty = {"sweeps": [], "digits": None, "against": None, "code": None}
    told = machine.weather(0.5)
    return {"machine": machine.machine(), "weather": told, "tables": tables, **empty}


def like(found, factor=1.0, noise=0.0, rng=None):
    """A saved run whose times were others by a factor."""
    other = json.loads(record.dumps(found))
    for table in other["tables"]:
        for row in table["rows"]:
            if row["median"]:
                row["seconds"] = [1e-3 * factor] * 20
                if rng is not None:
                    row["seconds"] = (1e-3 * factor * np.exp(rng.normal(0, noise, 20))).tolist()
                row["median"], row["busy"] = 1e-3 * factor, False
    return other


def test_it_is_read_back(found):
    again = record.loads(record.dumps(found))
    assert again["version"] == record.VERSION
    assert record.dumps(again) == record.dumps(found)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "not a linreg_fast bench"),
        ('{"machine": {}, "tables": []}', "had no rounds"),
        ('{"format": "linreg_fast bench", "version": 99}', "newer"),
        ('{"format": "linreg_fast bench", "version": 2}', "no machine and tables"),
    ],
)
def test_other_files_are_refused(text, told):
    with pytest.raises(ValueError, match=told):
        record.loads(text, "saved.json")


def test_the_sentence_is_made_of_the_numbers(found):
    table = found["tables"][0]
    if table["limits"] is None:
        pytest.skip("nothing is compiled: there are no limits")
    assert "no program takes less than" in table["sentence"]
    assert "500 x 4" in table["sentence"]
    assert record.sentence({**table, "limits": None, "limit": None}).endswith("measured.")


def test_fits_are_sorted_by_time_and_compared_with_the_fastest(found):
    rows = record.timed(found["tables"][1])
    assert [row["median"] for row in rows] == sorted(row["median"] for row in rows)
    others = {row["against"]["row"] for row in rows if row["against"]}
    assert others == {rows[0]["name"]}


def test_nothing_is_above_the_limit(found):
    assert record.too_fast(found["tables"]) == []


def test_eighty_columns_keep_every_idea_and_every_line(found):
    rich = pytest.importorskip("rich.console")
    for width in (80, 60, 250):
        console = rich.Console(width=width, highlight=False, record=True, file=io.StringIO())
        for table in found["tables"]:
            print_table(console, table)
        text = console.export_text(clear=False)
        if width == 80:
            assert max(map(len, text.splitlines())) <= 80
        flat = re.sub(r"\s+", " ", text)
        for table in found["tables"]:
            for row in record.timed(table):
                assert row["name"] in flat
                assert row["why"] in flat


def numbers_of(text):
    return set(re.findall(r"\d+\.\d+", text))


def test_the_report_is_one_file_and_all_of_it_is_in_the_record(found):
    text = page.page(found)
    without_uses = re.sub("xlink:href", "", text)
    assert not re.search(r"""(?:src|href)=["']?(?!data:)[^"'#>\s]+""", without_uses)
    assert "<b>mine</b>" not in text
    assert html.escape("<b>mine</b>") in text
    data = text.partition("id=record>")[2].partition("</script>")[0]
    again = json.loads(data.replace("<\\/", "</"))
    names = re.findall(r' id="([^"]+)"', text)
    assert len(names) == len(set(names))
    # It is a function of the record that lies in it: no number comes from elsewhere.
    assert page.page(again) == text
    body = text.partition("<main>")[2].partition("</main>")[0]
    assert numbers_of(body)


def test_against_itself_nothing_differs(found, rng):
    old = like(found, 1.0, 0.05, rng)
    words = [row["word"] for row in against.compare(like(found, 1.0, 0.05, rng), old)]
    assert len(words) == sum(len(record.timed(table)) for table in found["tables"])
    assert not {"faster", "slower"} & set(words)


def test_half_and_double_the_time_are_told(found, rng):
    for factor, word in ((0.5, "faster"), (2.0, "slower")):
        compared = against.compare(like(found, factor, 0.05, rng), like(found, 1.0, 0.05, rng))
        assert {row["word"] for row in compared} == {word}
        assert word in "\n".join(against.in_words(compared))


def test_the_machines_own_change_widens_what_counts(found, rng):
    now, then = like(found, 1.2, 0.01, rng), like(found, 1.0, 0.01, rng)
    if found["tables"][0]["limits"] is None:
        pytest.skip("nothing is compiled: there are no limits")
    assert {row["word"] for row in against.compare(now, then)} == {"slower"}
    for table in now["tables"]:
        table["limits"]["read_one"] *= 1.3
    assert not {"slower"} & {row["word"] for row in against.compare(now, then)}


def test_what_cannot_be_compared_says_which(found):
    other = like(found)
    other["machine"]["model"] = "another"
    with pytest.raises(ValueError, match="another machine: model"):
        against.check(found, other, "old.json")
    other = like(found)
    for table in other["tables"]:
        table["n_samples"] = 501
    with pytest.raises(ValueError, match="none of these tables: it has fit 501 x 4"):
        against.check(found, other, "old.json")
    other = like(found)
    for table in other["tables"]:
        for row in table["rows"]:
            row["seconds"] = None
    with pytest.raises(ValueError, match="no samples"):
        against.check(found, other, "old.json")


def test_several_processes_are_joined(found, rng):
    records = [like(found, factor, 0.01, rng) for factor in (1.0, 1.3, 1.1)]
    tables = joined(records)["tables"]
    for row in record.timed(tables[0]):
        assert len(row["runs"]) == 3
        assert 1e-3 < row["median"] < 1.3e-3
        assert row["high"] > row["low"]
    for table in tables:  # rows that were alike in each process, whatever the process was like
        first, *rest = record.timed(table)
        assert first["against"] is None
        for row in rest:
            assert row["against"]["ratio"] == pytest.approx(1, abs=0.02)
            assert row["against"]["word"] in ("same", "undecided")
    assert {row["against"]["row"] for row in rest} == {first["name"]}
