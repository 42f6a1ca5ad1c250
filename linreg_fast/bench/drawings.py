"""One view each: a ladder, the climb to the roof, sizes, digits, the map of digits and speed.

Each function takes an axis and plain numbers of the record. Text and lines are drawn in `INK`,
which the report turns into the colour of its text.
"""

import math

from linreg_fast.bench import record
from linreg_fast.wording import seconds

INK = "#010203"
COLOURS = {
    "loops": "#8a94a3",
    "vectorized": "#d9821b",
    "jit": "#2f9e6e",
    "parallel": "#3b8ee0",
    "tiled": "#2f56c4",
    "compensated": "#9b4dca",
    "scikit-learn": "#d9821b",
}
ROOF = "#c8352b"
OURS, OTHERS = "#2f56c4", "#8a94a3"


def colour(name):
    """Of a row: a fit on a rung has the rung's."""
    return COLOURS.get(name.removeprefix("cholesky on "), OTHERS)


def _plain(ax):
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize="small")


def draw_ladder(ax, table):
    """A bar a row on a log axis from the limit on, the middle half of the samples marked."""
    rows = [row for row in table["rows"] if row["median"] is not None]
    names = [row["name"] + (" (scaled)" if row["scaled"] else "") for row in rows]
    times = [1e3 * row["median"] for row in rows]
    least = 1e3 * table["limit"] if table["limit"] else min(times) / 2
    bars = [max(time - least, 0) for time in times]
    ax.barh(names, bars, left=least, color=[colour(row["name"]) for row in rows], height=0.6)
    for place, row in enumerate(rows):
        ax.plot([1e3 * row["low"], 1e3 * row["high"]], [place, place], color=INK, linewidth=2.5)
        share = f" ({record.percent(row['percent'])})" if row["percent"] is not None else ""
        text = ("~" if row["scaled"] else "") + seconds(row["median"]) + share
        right = 1e3 * max(row["high"], row["median"]) * 1.15
        ax.text(right, place, text, va="center", fontsize="small", color=INK)
    ax.set_xscale("log")
    ax.set_xlim(least / 1.6, max(times) * 12)
    ax.invert_yaxis()
    told = ""
    if table["limit"]:
        ax.axvline(least, color=ROOF, linewidth=2)
        told = f" (of the limit, {seconds(table['limit'])})"
    ax.set_xlabel(f"time, ms{told}")
    ax.set_title(f"{record.TITLES[table['problem']]}, {record.size_of(table)}", loc="left")
    _plain(ax)


def apart(values, ratio):
    """name -> where its label stands: at its value, or so many times above the one below it."""
    found, below = {}, 0.0
    for name in sorted(values, key=values.__getitem__):
        below = max(values[name], below * ratio)
        found[name] = below
    return found


def draw_people(ax, tables):
    """A line a table: our fit, the same without what the table is about, and the others."""
    names, marks = [], {"ours": "o", "beside": "|", "peer": "."}
    for place, table in enumerate(tables):
        label = f"{table['data'].rstrip(',')}, " if table["data"] != "generated" else ""
        names.append(f"{record.SHORT[table['problem']]}, {label}{record.size_of(table)}")
        alone = {pair["row"] for pair in table["beside"]}
        for row in record.timed(table):
            kind = "beside" if row["name"] in alone else row["kind"]
            style = {"color": colour(row["name"]) if kind == "peer" else OURS}
            size = 16 if kind == "beside" else 7
            ax.plot(1e3 * row["median"], place, marks.get(kind, "."), markersize=size, **style)
    ax.set_yticks(range(len(names)), names)
    ax.invert_yaxis()
    ax.set_xscale("log")
    ax.set_xlabel("time, ms\nlarge: ours, |: ours without it, small: other libraries")
    ax.grid(axis="x", alpha=0.3)
    _plain(ax)


def draw_roof(ax, tables):
    """Work in a second against work for each byte of X and y: nothing gets above the roofs."""
    tables = [table for table in tables if table["limits"] and table["flops"]]
    limits = tables[-1]["limits"]
    lanes = [table["flops"] / table["bytes"] for table in tables]
    left, right = min(lanes) / 8, max(lanes) * 8
    for which, width, text in (("one", 1.0, "one core"), ("all", 2.0, "all cores")):
        if which == "all" and not limits["together"]:
            continue
        read = limits["bytes"] / min(limits["read_one"], limits[f"read_{which}"])
        top = limits[f"flops_{which}"]
        corner = top / read
        ax.plot(
            [left, corner, right],
            [left * read / 1e9, top / 1e9, top / 1e9],
            color=ROOF if which == "all" else OTHERS,
            linewidth=width,
        )
        label = f"{text}: {read / 1e9:.0f} GB/s, {top / 1e9:.0f} GFLOP/s"
        ax.text(right, top / 1e9 * 1.1, label, ha="right", fontsize="small", color=INK)
    every = [t["flops"] / row["median"] / 1e9 for t in tables for row in record.timed(t)]
    top_of_all = max(limits["flops_one"], limits["flops_all"]) / 1e9
    for lane, table in zip(lanes, tables, strict=True):
        rates = {row["name"]: table["flops"] / row["median"] / 1e9 for row in record.timed(table)}
        for name, rate in rates.items():
            ax.plot(lane, rate, "o", color=colour(name))
        decades = math.log10(top_of_all / max(min(every), 1e-9))
        for name, place in apart(rates, 10 ** (0.04 * decades)).items():
            ax.annotate(
                name,
                (lane, place),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                fontsize="x-small",
                color=INK,
            )
        below = {"transform": ax.get_xaxis_transform(), "ha": "center"}
        ax.text(lane, 0.02, table["problem"], fontsize="small", color=INK, **below)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_ylim(bottom=ax.get_ylim()[0] / 3)
    ax.minorticks_off()
    ax.set_xlabel("flops for each byte of X and y")
    ax.set_ylabel("GFLOP/s")
    ax.set_title("The climb to the roof", loc="left")
    _plain(ax)


def draw_sizes(ax, swept):
    """Bytes of X and y used in a second, by size: a line a rung, dashed what only reading does."""
    place = 0 if swept["kind"] == "rows" else 1
    sizes = [size[place] for size in swept["sizes"]]
    for name, points in swept["rows"].items():
        rates = [b / point["median"] / 1e9 for b, point in zip(swept["bytes"], points, strict=True)]
        ax.plot(sizes, rates, "o-", color=colour(name), markersize=3, label=name)
    if all(swept["limit"]):
        rates = [b / least / 1e9 for b, least in zip(swept["bytes"], swept["limit"], strict=True)]
        ax.plot(sizes, rates, "--", color=ROOF, label="limit")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel(swept["kind"])
    ax.set_ylabel("GB/s of X and y used")
    ax.set_title(f"Where each idea begins to pay: {swept['problem']}", loc="left")
    ax.legend(fontsize="x-small", frameon=False)
    _plain(ax)


def draw_digits(ax, found):
    """Right digits by condition number, with what theory allows as bands."""
    kinds = found["conditions"]
    logs = [math.log10(kind) for kind in kinds]
    for ceiling, slope in ((16, 1), (16, 2), (31, 2)):
        line = [min(max(ceiling - slope * k, 0), 16) for k in logs]
        ax.plot(kinds, line, color=OTHERS, linewidth=6, alpha=0.25, solid_capstyle="round")
    for name, values in found["rows"].items():
        kept = [(k, v) for k, v in zip(kinds, values, strict=True) if v is not None]
        ours = name == "LinearRegression"
        style = {"linewidth": 2.5 if ours else 1, "color": OURS if ours else None}
        if kept:
            ax.plot(*zip(*kept, strict=True), "o-", markersize=3, label=name, **style)
        if kept and len(kept) < len(kinds):
            ax.plot(*kept[-1], "x", color=INK)
    ax.set_xscale("log")
    ax.set_ylim(-0.5, 16.8)
    ax.set_xlabel("condition number of the columns")
    ax.set_ylabel("right digits of the worst coefficient")
    ax.set_title("Digits (x: it refuses beyond)", loc="left")
    ax.legend(fontsize="x-small", frameon=False)
    _plain(ax)


def map_points(table, found):
    """[(name, kind, seconds, digits)] of fits that were timed and tried at about 1e6."""
    kinds = found["conditions"]
    place = min(range(len(kinds)), key=lambda k: abs(math.log10(kinds[k]) - 6))
    return [
        (row["name"], row["kind"], row["median"], found["rows"][row["name"]][place] or 0.0)
        for row in record.timed(table)
        if row["name"] in found["rows"]
    ]


def draw_map(ax, table, found):
    """Digits at a condition number of 1e6 against the time of a fit; shaded is impossible."""
    for name, kind, time, digits in map_points(table, found):
        ax.plot(1e3 * time, digits, "o", color=OURS if kind == "ours" else OTHERS)
        ax.annotate(
            name,
            (1e3 * time, digits),
            xytext=(5, 3),
            textcoords="offset points",
            fontsize="x-small",
            color=INK,
        )
    ax.set_xscale("log")
    ax.set_ylim(-0.5, 16.8)
    if table["limit"]:
        least = 1e3 * table["limit"]
        ax.axvspan(least / 3, least, color=ROOF, alpha=0.15, linewidth=0)
        ax.set_xlim(left=least / 3)
    ax.set_xlabel(f"time of a fit, {record.size_of(table)}, ms")
    ax.set_ylabel("right digits at condition 1e6")
    ax.set_title("Digits and speed", loc="left")
    _plain(ax)
