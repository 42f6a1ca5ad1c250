"""The report: one HTML file of a record, without network and without script.

It is made of the record alone, which lies in it as JSON, so each of its numbers is one of those.
Whatever a file or a user named is escaped.
"""

from html import escape

from linreg_fast.bench import against, parts, record
from linreg_fast.bench.cases import OWN_DATA, RACES, SOURCES
from linreg_fast.bench.page_style import STYLE
from linreg_fast.bench.table import digits, notes
from linreg_fast.wording import amount, seconds

COLOURS = {
    "unavoidable": "#2f56c4",
    "one core only": "#8db9ee",
    "moved again": "#f0a73c",
    "the call": "#9b4dca",
    "waiting": "#c8352b",
    "instructions": "#a9b1bd",
    "interpreter": "#a9b1bd",
}
MOST_LINES = 40  # of a listing
HEADS = (" ", "time", "of limit", "where the time goes", "", "X read, beside", "digits")


def page(found):
    """The whole file's text."""
    tables = [table for table in found["tables"] if table["rows"]]
    body = [
        f"<h1>{escape(headline(tables))}</h1>",
        *(f"<p class=lead>{escape(table['sentence'])}</p>" for table in record.leading(tables)[:1]),
        _chips(found),
        *_tables(tables),
        *_pictures(found),
        *_code(found.get("code") or []),
        *_compared(found.get("against")),
        _how(found),
    ]
    data = record.dumps(found).replace("</", "<\\/")
    return (
        "<!doctype html>\n<html lang=en><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width,initial-scale=1'>"
        "<link rel=icon href='data:,'>"
        f"<title>linreg_fast: the bench</title>\n<style>{STYLE}</style>\n<main>\n"
        + "\n".join(body)
        + f"\n</main>\n<script type='application/json' id=record>{data}</script>\n</html>\n"
    )


def fragment(found):
    """Tables and pictures alone, for a notebook; the style counts for what is in it."""
    style = STYLE.replace("body{", ".linreg-fast{").replace(":root{", ":root,.linreg-fast{")
    body = "\n".join([*_tables(found["tables"]), *_pictures(found)])
    return f"<style>@scope (.linreg-fast) {{{style}}}</style><div class=linreg-fast>{body}</div>"


def headline(tables):
    """From the slowest row to the fastest, in numbers."""
    for table in record.leading(tables):
        rows = record.timed(table)
        if table["problem"] in OWN_DATA:
            named = record.TITLES[SOURCES].capitalize()
            return named if table["problem"] == SOURCES else "Fits of the data that people have"
        if len(rows) > 1:
            slow = max(rows, key=lambda row: row["median"])
            fast = min(rows, key=lambda row: row["median"])
            return (
                f"From {seconds(slow['median'])} to {seconds(fast['median'])}: "
                "why each rung is faster"
            )
    return "Why each rung is faster"


def _chips(found):
    facts = found["machine"]
    chips = [
        f"{facts['model']} ({facts['processor']}), {facts['cores']} cores, {facts['vector']}",
        f"{facts['blas']} on {facts['blas threads']} threads",
        f"numba {facts['numba']}, numpy {facts['numpy']}, scikit-learn {facts['scikit-learn']}",
    ]
    spans = [f"<span>{escape(str(chip))}</span>" for chip in chips]
    weather = found.get("weather") or {}
    if weather.get("sentence"):
        spans.append(f"<span class=warn>{escape(weather['sentence'])}</span>")
    return f"<div class=chips>{''.join(spans)}</div>"


def _tables(tables):
    """The leading ladder open, the others to be opened."""
    for k, table in enumerate(record.leading(tables)):
        title = f"{record.TITLES[table['problem']]}, {table['data']} {record.size_of(table)}"
        told = "".join(f"<p>{escape(note)}</p>" for note in notes(table))
        inner = f"<div class=scroll>{_ladder(table)}</div>{told}"
        if k == 0:
            yield f"<section><h2>{escape(title)}</h2>{inner}{_legend()}</section>"
        else:
            first = f"<p>{escape(table['sentence'])}</p>"
            summary = f"<summary><h2>{escape(title)}</h2></summary>"
            yield f"<section><details>{summary}{first}{inner}</details></section>"


def _other(table):
    return "x fastest" if table["problem"] in RACES else "x above"


def _ladder(table):
    head = "".join(f"<th>{name or _other(table)}</th>" for name in HEADS)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(_rows(table))}</tbody></table>"


def _rows(table):
    for row in table["rows"]:
        name = f"<th>{escape(row['name'])}<small>{escape(row['why'])}</small></th>"
        if row["median"] is None:
            told = row["note"] or "wrong: see the record"
            kind = " class=wrong" if row["correct"] is False else ""
            yield f"<tr{kind}>{name}<td colspan=6>{escape(told)}</td></tr>"
            continue
        about = "~" if row["scaled"] else ""
        busy = "<small class=warn>busy</small>" if row["busy"] else ""
        held = "" if row["temporaries"] is None else f"{amount(row['temporaries'])}B"
        reads = f"{row['reads']}x" if row["reads"] else ""
        spread = f"<small>{seconds(row['low'])} to {seconds(row['high'])}</small>"
        yield (
            f"<tr>{name}"
            f"<td data-of='time'><span>{about}{seconds(row['median'])}</span>{spread}{busy}</td>"
            f"<td data-of='of limit'>{record.percent(row['percent'])}</td>"
            f"<td class=wide data-of='{HEADS[3]}'>{_parts(row['parts'])}</td>"
            f"<td data-of='{_other(table)}'>{_ratio(row['against'])}</td>"
            f"<td data-of='X read, beside'>{reads}<small>{held}</small></td>"
            f"<td data-of='digits'>{digits(row['disagreement'])}</td></tr>"
        )


def _parts(found):
    if not found:
        return "-"
    total = sum(found.values())
    bars = "".join(
        f"<i style='width:{100 * part / total:.2f}%;background:{COLOURS[name]}' "
        f"title='{escape(name)}: {seconds(part)}'></i>"
        for name, part in found.items()
        if part > 0
    )
    words = escape(parts.in_words(found))
    return f"<div class=parts role=img aria-label='{words}'>{bars}</div><small>{words}</small>"


def _ratio(compared):
    speed = record.speed_up(compared)
    if speed is None:
        return "-"
    middle, low, high = speed
    word = "" if compared["word"] in ("faster", "slower") else f" {compared['word']}"
    return f"{middle:.3g}<small>{low:.3g} to {high:.3g}{escape(word)}</small>"


def _legend():
    spans = "".join(
        f"<span><u style='background:{COLOURS[name]}'></u>{name}: {escape(text)}</span>"
        for name, text in parts.MEANING.items()
    )
    return f"<div class=legend>{spans}</div>"


def _pictures(found):
    from linreg_fast.bench import pictures

    try:
        drawn = [
            (text, pictures.svg(name, draw, found)) for name, text, draw in pictures.views(found)
        ]
    except ImportError as error:
        yield f"<section><p>{escape(str(error))}</p></section>"
        return
    figures = []
    for text, svg in drawn:
        label = escape(text, quote=True)
        svg = svg.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
        figures.append(f"<section><figure><div class=scroll>{svg}</div></figure></section>")
    if figures:
        yield f"<div class=pictures>{''.join(figures)}</div>"


def _code(found):
    """Hot loops, vector, scalar and move lines coloured."""
    blocks = []
    for one in found:
        hot = one["hot"]
        title = f"<h3>{escape(one['problem'])}, {escape(one['rung'])}</h3>"
        if "error" in hot:
            blocks.append(f"<div>{title}<p>{escape(hot['error'])}</p></div>")
            continue
        facts = hot["facts"]
        told = (
            f"{escape(one['way'])}: {facts['flops per instruction']:.1f} flops for each of "
            f"{facts['instructions']} instructions, {facts['vector']} vector, {facts['scalar']} "
            f"scalar, {facts['move']} move; {facts['spills']} spills, {facts['prefetches']} "
            "prefetches"
        )
        lines = "\n".join(
            f"<span class={kind}>{escape(text)}</span>" for text, kind in hot["lines"][:MOST_LINES]
        )
        more = "\n..." if len(hot["lines"]) > MOST_LINES else ""
        blocks.append(f"<div>{title}<p>{told}</p><pre>{lines}{more}</pre></div>")
    if blocks:
        key = (
            "<p>The loop over the rows, from the code that ran: <b class=vector>"
            "vector arithmetic</b>, <b class=scalar>scalar arithmetic</b>, <b class=move>moves and "
            "prefetches</b>.</p>"
        )
        yield (
            f"<section><h2>What the compiler made of it</h2>{key}"
            f"<div class=blocks>{''.join(blocks)}</div></section>"
        )


def _compared(rows):
    if rows is None:
        return
    lines = list(against.in_words(rows))
    text = escape("\n".join(lines)) or "no row that both have"
    yield f"<section><h2>Against the saved run</h2><pre>{text}</pre></section>"


def _how(found):
    told = (
        "Rows take turns in random order, so that a busy moment hits them alike. Samples in which "
        "a thread waited for a core are set aside. A ratio is the median over the rounds in which "
        "both rows ran undisturbed, with a 98% interval by bootstrap; within it nothing is "
        "claimed. The limit is measured in the same rounds: X and y read once, with the same "
        "blocks and threads, or the problem's multiply-adds from registers, whichever takes "
        "longer. Every time belongs to an answer that was compared first."
    )
    if any(table["problem"] == SOURCES for table in found["tables"]):
        told += (
            " Fits of a file have a process each and no limit; all their rounds count, disturbed "
            "or not."
        )
    return f"<section><h2>How it was measured</h2><p>{escape(told)}</p></section>"
