"""An `Inference` as text, HTML, frame, dict, JSON, LaTeX and Markdown."""

import html
import json
import math

from linreg_fast.inference.numbers_as_text import (
    cut,
    number,
    p_as_text,
    padded,
    short,
    stars,
    width,
)

WIDTH = 80
NAME_WIDTH = 24
COV_NAMES = {
    "classical": "classical (errors of one variance)",
    **{
        name: f"{name}, robust to unequal variances" for name in ("HC0", "HC1", "HC2", "HC3", "HC4")
    },
}


def pandas():
    """pandas, or an error that says what to install."""
    try:
        import pandas
    except ImportError:
        raise ImportError("to_frame() needs pandas: pip install pandas") from None
    return pandas


def covariance_words(result):
    """One line on the covariance: its name, and clusters or lags."""
    if len(result.groups) > 1:
        by = ", ".join(f"{name or 'groups'} {count}" for name, count in result.groups)
        return f"{result.cov_type}, clusters: {by}"
    if result.groups:
        by = " and ".join(
            f"{count} clusters{f' of {name}' if name else ''}" for name, count in result.groups
        )
        return f"{result.cov_type}, {by}"
    if result.cov_type == "HAC":
        if result.choice.small_sample:
            return f"HAC, {result.choice.lags} lags, times n / (n - k)"
        return f"HAC (Newey-West), {result.choice.lags} lags"
    return COV_NAMES[result.cov_type]


def _head(result):
    """(left, right) cells of the lines above the table."""
    centred = result.basis.centred
    weights = result.weights if result.weighted or result.weights != "analytic" else "none"
    return [
        (f"Linear regression of {cut(result.target, 28)}", ("Rows", f"{result.n_samples}")),
        ("", (f"F({result.f_df[0]}, {short(result.f_df[1])})", number(result.f, 10))),
        (
            f"Errors:  {cut(covariance_words(result), 38)}",
            ("p of F", p_as_text(result.f_p, result.f_log_p)),
        ),
        (
            f"t on {short(result.df)} degrees of freedom",
            ("R2" if centred else "R2 (uncentred)", number(result.r2, 10)),
        ),
        (f"Weights: {weights}", ("Adjusted R2", number(result.adj_r2, 10))),
        (
            f"Residual df: {result.df_resid}" + ("" if centred else "   (no intercept)"),
            ("Residual SE", number(result.sigma, 10)),
        ),
    ]


def rows(result, level):
    """(name, coef, se, t, p, low, high, stars) of each parameter, as text."""
    interval = result.confidence_interval(level)
    found = []
    for j, name in enumerate(result.names):
        found.append(
            (
                name,
                number(float(result.coef[j]), 11),
                number(float(result.se[j]), 10, 5),
                number(float(result.t[j]), 9, 4),
                p_as_text(float(result.p[j]), float(result.log_p[j])),
                number(float(interval[j, 0]), 11, 5),
                number(float(interval[j, 1]), 11, 5),
                stars(float(result.p[j])),
            )
        )
    return found


def columns(level):
    """Names of the columns: the percents of the interval's ends."""
    ends = ((1 - level) / 2, (1 + level) / 2)
    return ("coef", "std err", "t", "P>|t|", *(f"{100 * end:.4g}%" for end in ends))


def as_text(result, level=0.95):
    lines = [f"{left:<47}{name:>17} = {value:>10}"[:WIDTH] for left, (name, value) in _head(result)]
    table = rows(result, level)
    longest = min(max(width(row[0]) for row in table), NAME_WIDTH)
    sizes = [max(len(row[k]) for row in table) for k in range(1, 7)]
    heads = columns(level)
    sizes = [max(size, len(head)) for size, head in zip(sizes, heads, strict=True)]
    spare = WIDTH - longest - sum(sizes) - 4
    gap = 2 if spare >= 12 else 1
    if spare < 6:  # a long name stands on a line of its own
        longest = max(longest - (6 - spare), 6)
    parts = [head.rjust(size) for head, size in zip(heads, sizes, strict=True)]
    head = " " * longest + " " * gap + (" " * gap).join(parts)
    rule = "-" * min(max(len(head) + 4, 77), WIDTH)
    lines += [rule, head, rule]
    for name, *cells, mark in table:
        parts = [cell.rjust(size) for cell, size in zip(cells, sizes, strict=True)]
        if width(name) > longest:
            lines.append(cut(name, WIDTH))
            name = ""
        line = padded(name, longest) + " " * gap + (" " * gap).join(parts)
        lines.append(f"{line} {mark}".rstrip())
    lines += [rule, "*** p < 0.001, ** p < 0.01, * p < 0.05, . p < 0.1"]
    return "\n".join(lines)


def as_html(result, level=0.95):
    cells = "".join(
        f"<tr><td>{html.escape(left)}</td><td>{html.escape(name)}</td><td>{html.escape(value)}</td></tr>"
        for left, (name, value) in _head(result)
    )
    head = "".join(f"<th>{html.escape(name)}</th>" for name in ("", *columns(level), ""))
    body = "".join(
        f"<tr><th>{html.escape(row[0])}</th>"
        + "".join(f"<td>{html.escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows(result, level)
    )
    return (
        f"<table>{cells}</table><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def as_frame(result, level):
    interval = result.confidence_interval(level)
    return pandas().DataFrame(
        {
            "coef": result.coef,
            "se": result.se,
            "t": result.t,
            "p": result.p,
            "low": interval[:, 0],
            "high": interval[:, 1],
        },
        index=list(result.names),
    )


NUMBERS = [
    "n_samples",
    "rank",
    "df_model",
    "df_resid",
    "df",
    "rss",
    "tss",
    "sigma",
    "r2",
    "adj_r2",
    "f",
    "f_p",
    "f_log_p",
    "loglik",
    "aic",
    "bic",
]
ARRAYS = ["coef", "se", "t", "p", "log_p"]


def as_dict(result, level):
    found = {
        "target": result.target,
        "names": list(result.names),
        "cov_type": result.cov_type,
        "weights": result.weights,
        "centred": result.basis.centred,
        "groups": [list(group) for group in result.groups],
        "lags": result.choice.lags,
        "level": level,
    }
    for name in NUMBERS:
        value = getattr(result, name)
        found[name] = value if isinstance(value, int) else float(value)
    found["f_df"] = [int(value) for value in result.f_df]
    for name in ARRAYS:
        found[name] = getattr(result, name).tolist()
    interval = result.confidence_interval(level)
    found["low"], found["high"] = interval[:, 0].tolist(), interval[:, 1].tolist()
    found["cov"], found["vif"] = result.cov.tolist(), result.vif.tolist()
    return found


def as_json(result, level):
    return json.dumps(finite(as_dict(result, level)), allow_nan=False)


def finite(value):
    if isinstance(value, dict):
        return {key: finite(each) for key, each in value.items()}
    if isinstance(value, list):
        return [finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def as_markdown(result, level):
    heads = ("", *columns(level))
    lines = [
        "| " + " | ".join(head.replace("|", "\\|") for head in heads) + " |",
        "|" + "|".join([":--", *["--:"] * (len(heads) - 1)]) + "|",
    ]
    for row in rows(result, level):
        lines.append("| " + " | ".join([row[0].replace("|", "\\|"), *row[1:7]]) + " |")
    return "\n".join([*lines, "", foot(result)])


def foot(result):
    r2 = "R2" if result.basis.centred else "R2 (uncentred)"
    return (
        f"{result.n_samples} rows; errors: {covariance_words(result)}; t on {short(result.df)} df; "
        f"{r2} {number(result.r2, 10)}, residual SE {number(result.sigma, 10)}, "
        f"F({result.f_df[0]}, {short(result.f_df[1])}) {number(result.f, 10)}, "
        f"p {p_as_text(result.f_p, result.f_log_p)}"
    )
