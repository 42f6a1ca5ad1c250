"""A quote that nothing closes costs the other lines nothing, and changes none of them."""

import io

from hypothesis import example, given
from hypothesis import strategies as st

from linreg_fast.sources.dialect import cells_of
from linreg_fast.sources.lone_quotes import parts_of


def rows_of(block):
    lines = io.StringIO(block.decode(), newline="").readlines()
    return [row for row, _ in cells_of(lines, ",")]


@given(text=st.text(st.sampled_from('a",\n \r1')), newline=st.sampled_from(["\n", "\r\n", "\r"]))
@example(text='1,2\n"3,4\n5,6\n', newline="\n")
@example(text='1,5" pipe\n"3,4\n"5,""6"\n', newline="\n")
@example(text='"1\n"2\n"3\n', newline="\n")
def test_rows_are_those_of_the_whole_block(text, newline):
    block = text.replace("\n", newline).encode()
    end = b"\n" if b"\n" in block else b"\r"
    parts = list(parts_of(block, end, ",", bytes.decode))
    assert b"".join(parts) == block
    assert [row for part in parts for row in rows_of(part)] == rows_of(block)


def test_lines_around_it_are_cut_off():
    block = b"1,2\n" * 50 + b'"3,4\n' + b"5,6\n" * 50
    before, line, after = parts_of(block, b"\n", ",", bytes.decode)
    assert (before, line, after) == (b"1,2\n" * 50, b'"3,4\n', b"5,6\n" * 50)
