"""The tables that `linreg-fast bench` prints. 80 columns do; the idea of a row is never cut."""

import math
import textwrap

from linreg_fast.bench import record
from linreg_fast.bench.cases import RACES
from linreg_fast.wording import amount, seconds

HEADINGS = ("", "time", "of limit", "x above", "where the time goes", "reads", "beside", "digits")
FIRST_TO_GO = ("beside", "reads", "digits")
WHERE = "where the time goes"
IDEA = "idea"


def print_table(console, table):
    """One problem's table, with rich."""
    from rich.table import Table
    from rich.text import Text

    size = f"{record.size_of(table)} {table['dtype']}"
    console.print(f"\n[bold]{record.TITLES[table['problem']]}[/bold], {table['data']} {size}")
    console.print(table["sentence"])
    lines = list(_lines(table))
    headings = list(HEADINGS)
    if table["problem"] in RACES:
        headings[3] = "x fastest"
    shown, ideas_inside = _that_fit(headings, lines, console.width)
    drawn = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in shown:
        left = name in ("", "where the time goes")
        drawn.add_column(name, justify="left" if left else "right", no_wrap=True)
    if ideas_inside:
        drawn.add_column(IDEA, justify="left", no_wrap=True)
    for cells, idea, wrong in lines:
        style = "bold red" if wrong else ""
        texts = [Text(cells[headings.index(name)], style=style) for name in shown]
        if ideas_inside:
            drawn.add_row(*texts, Text(idea, style=style or "dim"))
        else:
            drawn.add_row(*texts)
    _print_lines(console, drawn, lines, ideas_inside)
    for note in notes(table):
        console.print(note)


def _print_lines(console, drawn, lines, ideas_inside):
    """The table, each row's idea below it where the terminal is too narrow to have it beside."""
    if ideas_inside:
        console.print(drawn)
        return
    from rich.text import Text

    rendered = console.render_lines(drawn, console.options, pad=False)
    heading, *rows = ["".join(part.text for part in line).rstrip() for line in rendered]
    console.print(Text(heading, style="bold"), soft_wrap=True)
    for row, (cells, idea, wrong) in zip(rows, lines, strict=False):
        console.print(Text(row, style="bold red" if wrong else ""), soft_wrap=True)
        if cells[HEADINGS.index(WHERE)] != "-":
            idea += f" [{cells[HEADINGS.index(WHERE)]}]"
        for line in textwrap.wrap(idea, max(console.width - 4, 20)):
            console.print(Text(f"    {line}", style="bold red" if wrong else "dim"))


def _that_fit(headings, lines, width):
    """(columns that a terminal has room for, whether the idea fits beside them)."""
    widths = {
        name: max(len(name), *(len(cells[k]) for cells, _, _ in lines)) if lines else len(name)
        for k, name in enumerate(headings)
    }
    idea = max((len(idea) for _, idea, _ in lines), default=0)

    def taken(shown):
        return sum(widths[name] + 2 for name in shown)

    empty = {
        name
        for k, name in enumerate(headings)
        if k > 1 and lines and all(cells[k] in ("", "-") for cells, _, _ in lines)
    }
    shown = [name for name in headings if name not in empty]
    if taken(shown) + idea <= width:
        return shown, True
    # Where the time goes stands with the idea below.
    for name in (WHERE, *FIRST_TO_GO, headings[3], "of limit"):
        if name in shown and (name == WHERE or taken(shown) - 2 > width):
            shown.remove(name)
    return shown, False


def _lines(table):
    """(cells, idea, whether it is wrong) of each row that ran; the others are in the notes."""
    for row in table["rows"]:
        found = row["disagreement"]
        name = row["name"] + (f" (on {row['n_rows']})" if row["scaled"] else "")
        if row["correct"] is False:
            told = row["note"] or (
                f"WRONG: differs by {found:.0e}, allowed {row['tolerance']:.0e}"
                if found is not None and math.isfinite(found)
                else "WRONG: numbers that are not finite, or of another shape"
            )
            yield (name, *["-"] * 7), told, True
        elif row["median"] is not None:
            about = "~" if row["scaled"] else ""
            cells = (
                name,
                about + seconds(row["median"]),
                record.percent(row["percent"]) + (" !" if (row["percent"] or 0) > 110 else ""),
                _against(row),
                record.where(row),
                str(row["reads"] or "-"),
                "-" if row["temporaries"] is None else f"{amount(row['temporaries'])}B",
                digits(found),
            )
            yield cells, row["why"], False


def _against(row):
    """``1.32 (1.27-1.48)``, with a word where there is none to give."""
    found = record.speed_up(row["against"])
    if found is None:
        return "-"
    middle, low, high = (_number(value) for value in found)
    mark = {"undecided": "?", "same": "="}.get(row["against"]["word"], "")
    return f"{middle}{mark} ({low}-{high})" + (" busy" if row["against"]["busy"] else "")


def _number(value):
    if value < 0.1:
        return f"{value:.1g}"
    return f"{value:.0f}" if value >= 99.5 else f"{value:.1f}" if value >= 9.95 else f"{value:.2f}"


def digits(disagreement):
    """Decimal digits that agree with what is right: at most 16."""
    if disagreement is None or not math.isfinite(disagreement):
        return "-"
    return f"{min(16.0, -math.log10(max(disagreement, 1e-16))):.0f}"


def notes(table):
    """What is told below a table: rows that did not run, small problems, a busy machine."""
    missing: dict[str, list] = {}
    for row in table["rows"]:
        if row["correct"] is None:
            missing.setdefault(row["note"], []).append(row["name"])
    for note, names in missing.items():
        yield f"without {', '.join(names)}: {note}"
    for problem, name, percent in record.too_fast([table]):
        yield f"{problem}, {name}: {percent:.0f}% of the limit, which is a fault of the bench"
    if record.call_bound(table):
        yield from _small(table)
    for pair in table.get("beside", ()):
        yield record.beside(pair)
    if table["problem"] != "busy" and any(row["busy"] for row in record.timed(table)):
        names = [row["name"] for row in record.timed(table) if row["busy"]]
        yield f"busy: too few undisturbed samples of {', '.join(names)}"


def _small(table):
    """A small problem: the call is what is measured, who is not worth it, and where each pays."""
    limit, rows = seconds(table["limit"]), record.timed(table)
    call = min(row["call"] for row in rows if row["call"] is not None)
    yield (
        f"a small problem: the work takes {limit} at its limit and the cheapest call "
        f"{seconds(call)}, so what is measured here is the call"
    )
    fastest = min(rows, key=lambda row: row["median"])
    behind = rows[rows.index(fastest) + 1 :] if table["problem"] not in RACES else ()
    slower = [row["name"] for row in behind if row["low"] > fastest["high"]]
    if slower:
        yield (
            f"not worth their call at {table['n_samples']} rows: {', '.join(slower)}; "
            f"{fastest['name']} is faster"
        )
    pays = table["pays"] or {}
    told = [
        f"{name} from {facts['from']} rows on"
        if facts["from"]
        else f"{name} at none up to {facts['to']} rows"
        for name, facts in pays.items()
    ]
    if told:
        yield f"faster than the row above beyond noise, and staying so: {'; '.join(told)}"


def sweep_lines(swept):
    """Times by size as text: one line a size, a column a rung, the fastest marked."""
    names = list(swept["rows"])
    yield f"\n{record.TITLES[swept['problem']]}, by {swept['kind']}; * the fastest"
    yield f"{'size':>12}{'limit':>8}" + "".join(f"{name:>12}" for name in names)
    for k, (n, p) in enumerate(swept["sizes"]):
        times = [swept["rows"][name][k]["median"] for name in names]
        limit = swept["limit"][k]
        cells = (f"{seconds(time)}{'*' if time == min(times) else ' '}".rjust(12) for time in times)
        line = f"{f'{n} x {p}':>12}{seconds(limit) if limit else '-':>8}" + "".join(cells)
        yield line.rstrip()


def digits_lines(found):
    """Right digits of the worst coefficient by condition number, as text."""
    yield f"\nright digits of the worst coefficient, {found['n']} x {found['p']}; x: it refuses"
    yield f"{'condition':28}" + "".join(f"{kind:>6.0e}" for kind in found["conditions"])
    for name, values in found["rows"].items():
        cells = (f"{'x' if value is None else f'{value:.1f}':>6}" for value in values)
        yield f"{name[:27]:28}" + "".join(cells)
    for name, told in found.get("faulty", {}).items():
        yield f"without {name}: {told}"
