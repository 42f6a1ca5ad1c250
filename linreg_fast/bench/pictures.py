"""The pictures of a record: which views it has numbers for, one file of all, SVG for the report."""

import io
import os
import re

from linreg_fast.bench import record
from linreg_fast.bench.cases import OWN_DATA, RACES
from linreg_fast.bench.drawings import (
    INK,
    draw_digits,
    draw_ladder,
    draw_map,
    draw_people,
    draw_roof,
    draw_sizes,
)
from linreg_fast.displays.drawing import pyplot
from linreg_fast.runtime import atomic


def views(found):
    """(name, what it shows in a sentence, draw) of each view that the record has numbers for."""
    every = record.leading([table for table in found["tables"] if record.timed(table)])
    tables = [table for table in every if table["problem"] not in OWN_DATA]
    people = [table for table in every if table["problem"] in OWN_DATA]
    if people:
        text = "the data that people have: a line a table, a dot a row"
        yield f"people-{len(people)}", text, lambda ax: draw_people(ax, people)
    for table in tables:
        name = f"ladder-{table['problem']}-{table['n_samples']}"
        text = f"{record.TITLES[table['problem']]}: a bar a row, from the limit on"
        yield name, text, lambda ax, table=table: draw_ladder(ax, table)
    largest = max((table["n_samples"] for table in tables), default=0)
    rungs = [t for t in tables if t["limits"] and t["problem"] not in RACES]
    big = [t for t in rungs if t["n_samples"] == largest]
    if big:
        yield "roof", "flops a second against flops for each byte", lambda ax: draw_roof(ax, big)
    for swept in found.get("sweeps") or ():
        name = f"sizes-{swept['problem']}-{swept['kind']}"
        text = f"{swept['problem']}: rate by {swept['kind']}, a line a rung"
        yield name, text, lambda ax, swept=swept: draw_sizes(ax, swept)
    if found.get("digits"):
        digits = found["digits"]
        yield "digits", "right digits by condition number", lambda ax: draw_digits(ax, digits)
        fits = [t for t in tables if t["problem"] == "fit"]
        if fits:
            text = "digits against the time of a fit"
            yield "map", text, lambda ax: draw_map(ax, fits[0], digits)


def _height(name, found):
    if name.startswith("people"):
        return 1.4 + 0.24 * int(name.removeprefix("people-"))
    if not name.startswith("ladder"):
        return 4.2
    rows = max(len(t["rows"]) for t in found["tables"] if name.startswith(f"ladder-{t['problem']}"))
    return 1.1 + 0.3 * rows


def save(path, found):
    """All views below each other in one file; its ending names the kind. Whole or not at all."""
    plt = pyplot()
    drawn = list(views(found))
    if not drawn:
        raise ValueError("nothing was timed: there is no picture to draw")
    heights = [_height(name, found) for name, _, _ in drawn]
    figure, axes = plt.subplots(
        len(drawn),
        1,
        figsize=(8, sum(heights)),
        height_ratios=heights,
        squeeze=False,
        layout="constrained",
    )
    try:
        for ax, (_, _, draw) in zip(axes[:, 0], drawn, strict=True):
            draw(ax)
        file = io.BytesIO()
        kind = os.path.splitext(path)[1].lstrip(".").lower() or "png"
        figure.savefig(file, format=kind, dpi=110)
        atomic.write_bytes(path, file.getvalue())
    finally:
        plt.close(figure)


def svg(name, draw, found):
    """One view as SVG text, its text as text, in the colours of the page around it."""
    plt = pyplot()
    settings = {"svg.fonttype": "none", "svg.hashsalt": name}
    for what in ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"):
        settings[what] = INK
    with plt.rc_context(settings):
        figure, ax = plt.subplots(figsize=(7, _height(name, found)), layout="constrained")
        try:
            draw(ax)
            file = io.StringIO()
            figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
        finally:
            plt.close(figure)
    text = file.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    used = set(re.findall(r"#([\w-]+)", text))  # a page with several pictures has each name once
    text = re.sub(r' id="([^"]+)"', lambda m: m[0] if m[1] in used else "", text)
    return text.replace(INK, "currentColor")
