"""What `fit` tells an analyst: the table of coefficients, and where it is written."""

import csv
import io
import sys
import warnings
from dataclasses import replace

from linreg_fast.cli import restrictions
from linreg_fast.cli.common import for_a_reader


def checked(rows):
    """(X, Y, weights) of `Rows`, as the gate passes them on."""
    import numpy as np

    from linreg_fast.data.gate import frozen

    weights = None if rows.weights is None else frozen(np.ascontiguousarray(rows.weights))
    return frozen(rows.X), frozen(np.ascontiguousarray(rows.y)[:, None]), weights


def fitted(estimator, rows, target, design=None):
    """The `Fitted` of a fit to `Rows`, by the names of their columns and terms."""
    found = estimator._fitted(checked(rows))
    found.names, found.targets = list(rows.names), [target]
    found.terms = terms_of(rows) if design is None else design.terms
    return found


def terms_of(rows):
    """(name, places of its columns) of each column of numbers or of groups."""
    from linreg_fast.sources.groups import names_of

    column_of = {
        part: column
        for column, levels in rows.categories.items()
        for part in names_of(column, levels)
    }
    terms: dict = {}
    for place, name in enumerate(rows.names):
        terms.setdefault(column_of.get(name, name), []).append(place)
    return list(terms.items())


def infer(estimator, rows, choice, target, design=None):
    """The `Inference` of a fit to `Rows`."""
    from linreg_fast.inference import build

    if len(rows.beside) > 2:
        raise ValueError(f"--cluster takes one or two columns, got {', '.join(rows.beside)}")
    groups = dict(rows.beside) if choice.clustered else None
    known = fitted(estimator, rows, target, design)
    return with_clear_names(build.infer(known, choice, 0, checked(rows), groups))


def with_clear_names(found):
    """The `Inference`, its intercept in brackets where a column has that name."""
    first, *names = found.names
    if found.basis.centred and any(name.strip().lower() == "intercept" for name in names):
        return replace(found, names=(f"({first})", *names))
    return found


def text(found, level, rows, tests):
    """What is printed: the table, what stands behind it, tests of terms and those asked for."""
    from linreg_fast.inference.numbers_as_text import number

    lines = [found.summary(level)]
    lines += [
        f"log-likelihood {number(found.loglik, 10)}   AIC {number(found.aic, 10)}   "
        f"BIC {number(found.bic, 10)}"
    ]
    for column, levels in rows.categories.items():
        lines.append(f"groups of {column}: against {levels[0]}"[:80])
    left_out = rows.read - len(rows.y)
    if left_out:
        lines.append(f"{left_out} of {rows.read} rows left out for missing values")
    if any(len(places) > 1 for _, places in found.terms):
        lines += ["", repr(found.anova())]
    return "\n".join(lines + restrictions.lines(tests))


def as_csv(found, level):
    """A line a parameter: name, coef, se, t, p, low, high."""
    interval = found.confidence_interval(level)
    lines = io.StringIO(newline="")
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(["name", "coef", "se", "t", "p", "low", "high"])
    columns = (found.coef, found.se, found.t, found.p, interval[:, 0], interval[:, 1])
    for name, *numbers in zip(found.names, *columns, strict=True):
        writer.writerow([name, *("" if n != n else repr(float(n)) for n in numbers)])
    return lines.getvalue()


def as_json(found, level, rows, design, tests):
    """All numbers of the result, of its terms and of tests; what is not finite is null."""
    import json

    from linreg_fast.inference.formats import finite

    content = found.to_dict(level) | {
        "formula": None if design is None else design.text,
        "categories": dict(rows.categories),
        "rows_left_out": rows.read - len(rows.y),
        "terms": found.anova().to_dict(),
        "tests": restrictions.plain(tests),
    }
    return json.dumps(finite(content), allow_nan=False, indent=1) + "\n"


def write(options, found, rows, design, tests):
    """The files that are asked for; True if the screen is taken by one of them."""
    from linreg_fast.data.jsonfile import write_text

    level = options.level or 0.95
    taken = options.out == "-"
    for path, make in (
        (options.json, lambda: as_json(found, level, rows, design, tests)),
        (options.csv, lambda: as_csv(found, level)),
    ):
        if path == "-":
            if taken:
                raise ValueError("only one of --out, --json and --csv can go to the screen")
            taken = True
            with for_a_reader():
                sys.stdout.write(make())
        elif path is not None:
            write_text(path, make())
    return taken


def quietly(function, *arguments):
    """The result of a function whose warnings are not for this reader."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*arguments)


def written(options, model, found, rows, design, tests):
    """Write the files, before anything is printed to a pipe that may be closed.

    Returns where the rest is printed: standard error if one of them takes the screen.
    """
    if options.out == "-":
        with for_a_reader():
            print(model.dumps())
    elif options.out:
        model.save(options.out)
    taken = options.out == "-"
    if found is not None:
        taken = write(options, found, rows, design, tests)
    return sys.stderr if taken else sys.stdout
