"""The command diagnose: tests of the residuals, and the rows that a fit hangs on."""

import csv
import io

from linreg_fast.cli import streaming
from linreg_fast.cli.common import Command, for_a_reader, patience
from linreg_fast.cli.tables import add_reading, opened

EXAMPLES = """\
  linreg-fast diagnose model.json houses.csv
  linreg-fast diagnose model.json houses.csv --plot four.png --out rows.csv
"""
MOST_ROWS = 15  # that are listed
LARGE_VIF = 10


def add_options(command):
    streaming.add_model_and_data(command, "the table that it was fitted to")
    command.add_argument(
        "--plot",
        metavar="FILE",
        help="draw residuals against fitted, normal quantiles, scale and leverage",
    )
    command.add_argument("--out", metavar="FILE", help="write a CSV with a line a row")
    add_reading(command, "leaves them out, as the fit did")


def run(options):
    import numpy as np

    from linreg_fast.cli import certainty, fit_common
    from linreg_fast.cli.applying import Applied, load
    from linreg_fast.data.gate import as_weights, frozen

    many = streaming.are_many(options)
    fit_common.check_outputs(options, options.model)
    model = load(options)
    weights = certainty.needed(model).get("weights")
    fitted = certainty.fitted(model)
    if many:
        _tell(options, model, *_of_many(options, model, fitted, weights))
        return 0
    with patience(f"reading {options.data}"), opened(options) as source:
        asked = [] if weights is None else [weights]
        applied = Applied(source, model, asked, missing=options.missing, target=True)
        kept = applied.complete()
        X, y = applied.design(kept), applied.targets(kept)
        own = as_weights(applied.others_of(kept)[:, 0], len(y)) if asked else None
    rows = frozen(X), frozen(np.ascontiguousarray(y)[:, None]), own
    index = np.arange(len(y)) if kept is None else np.flatnonzero(kept)
    with patience("looking at the rows"):
        influence, text = looked_at(fitted, rows, index, certainty.meaning(model))
    _tell(options, model, influence, text)
    return 0


def _of_many(options, model, fitted, weights):
    """Of several files, a pattern or a folder: (`Influence`, what is said)."""
    from linreg_fast.cli import certainty
    from linreg_fast.cli.applying import stream_of

    told = streaming.Told("looking at the files")
    with patience(told):
        stream = stream_of(options, model, weights, places=True)
        told.about("residuals", stream.rows)
        return of_stream(fitted, stream, options.missing, certainty.meaning(model), told)


def _tell(options, model, influence, text):
    """Write and print what was found."""
    if options.out:
        from linreg_fast.data.jsonfile import write_text

        write_text(options.out, as_csv(influence))
    with for_a_reader():
        print(f"{model.target}: {len(influence.index)} rows, {len(model.features)} columns")
        print(text)
        if options.out:
            print(f"a line for each row written to {options.out}")
    if options.plot:
        draw(options.plot, influence)


def looked_at(fitted, rows, index, meaning="analytic"):
    """(`Influence`, what is said of it and of the residuals). meaning: what weights are."""
    from linreg_fast.inference.diagnostics import diagnostics
    from linreg_fast.inference.influence_of_rows import influence

    meaning = "frequency" if meaning == "frequency" else "analytic"
    found = influence(fitted, 0, rows, meaning=meaning)
    found.index = index + 1  # as people count rows below a header
    return _said(fitted, found, diagnostics(fitted, 0, rows, meaning=meaning))


def of_stream(fitted, stream, missing, meaning, told):
    """Likewise of a `CodedStream` with the rows' places, which is read twice."""
    from linreg_fast.inference import diagnostics, influence_of_rows
    from linreg_fast.sources.summing import each_block

    def each(use):
        each_block(
            stream, lambda X, Y, w, beside: use(X, Y, w, beside[-1]), missing, told, weightless=True
        )

    meaning = "frequency" if meaning == "frequency" else "analytic"
    found = influence_of_rows.of_source(fitted, 0, each, meaning)
    found.index = found.index + 1  # as people count rows below a header, through all files
    return _said(fitted, found, diagnostics.of_source(fitted, 0, each, meaning=meaning))


def _said(fitted, found, tests):
    return found, "\n".join([repr(tests), *_inflation(fitted), *_rows(found)])


def _inflation(fitted):
    basis = fitted.basis(0)
    large = [
        (name, value)
        for name, value in zip(fitted.names, basis.inflation, strict=True)
        if value > LARGE_VIF
    ]
    if not large:
        return []
    large = sorted(large, key=lambda pair: -pair[1])[:MOST_ROWS]
    lines = ["", f"Columns whose variance the others inflate more than {LARGE_VIF} times (VIF)"]
    return lines + [f"  {name[:60]:<60} {value:>10.4g}" for name, value in large]


def _rows(found):
    import numpy as np

    from linreg_fast.inference.numbers_as_text import number

    flagged = found.flagged()
    size = abs(found.residuals).sum()
    share = found.press / (found.sigma**2 * found.df_resid) if size and found.sigma else np.nan
    lines = ["", f"{'PRESS':<34}{number(found.press, 10, 5):>12}  {number(share, 8, 4)} x rss"]
    if not flagged:
        return [*lines, "no row stands out"]
    places = {row: place for place, row in enumerate(found.index.tolist())}
    cooks = np.nan_to_num(found.cooks, nan=np.inf)
    first = sorted(flagged, key=lambda row: -cooks[places[row]])[:MOST_ROWS]
    shown = f", the {MOST_ROWS} with the largest Cook's distance" * (len(first) < len(flagged))
    lines.append(f"{len(flagged)} of {len(places)} rows stand out{shown}")
    lines.append(f"{'row':>7} {'residual':>10} {'leverage':>9} {'rstudent':>9} {'Cook':>9}  by")
    for row in first:
        k = places[row]
        lines.append(
            f"{row:>7} {number(float(found.residuals[k]), 10, 5):>10} "
            f"{number(float(found.leverage[k]), 9, 3):>9} "
            f"{number(float(found.rstudent[k]), 9, 3):>9} {number(float(found.cooks[k]), 9, 3):>9}"
            f"  {' '.join(flagged[row])}"
        )
    return lines


def as_csv(found):
    """The text of a table with a line a row."""
    names = ["leverage", "residuals", "rstandard", "rstudent", "cooks", "dffits", "covratio"]
    flagged = found.flagged()
    lines = io.StringIO(newline="")
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(["row", *names, "flagged"])
    columns = [getattr(found, name).tolist() for name in names]
    for row, *values in zip(found.index.tolist(), *columns, strict=True):
        cells = ["" if value != value else repr(value) for value in values]
        writer.writerow([row, *cells, " ".join(flagged.get(row, ()))])
    return lines.getvalue()


def draw(path, influence, screen=None):
    """The four pictures of a diagnosis."""
    from linreg_fast.displays import pictures

    with patience("drawing"):
        pictures.save_four(path, influence, influence.fitted)
    with for_a_reader():
        print(f"pictures written to {path}", file=screen)


COMMAND = Command(
    "diagnose",
    "tests of a model's residuals, and the rows that it hangs on",
    EXAMPLES,
    add_options,
    run,
)
