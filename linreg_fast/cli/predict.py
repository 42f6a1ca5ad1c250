"""The command predict."""

import csv
import io
import sys
import warnings

from linreg_fast.cli import streaming
from linreg_fast.cli.common import Command, check_writable, patience
from linreg_fast.cli.tables import DATA_HELP, add_reading, opened

EXAMPLES = """\
  linreg-fast predict model.json new_houses.csv
  linreg-fast predict model.json new_houses.csv --keep id,street --out predicted.csv
  linreg-fast predict model.json new_houses.csv --interval prediction --level 0.9
  cat new_houses.csv | linreg-fast predict model.json - > predicted.csv
"""


def add_options(command):
    command.add_argument("model", metavar="MODEL", help="the JSON file of fit --out")
    command.add_argument(
        "data",
        metavar="DATA",
        nargs="+",
        help=f"a table with the model's columns: {DATA_HELP}{streaming.MANY_HELP}",
    )
    command.add_argument("--keep", action="append", help="columns to write before the prediction")
    command.add_argument(
        "--interval",
        choices=("prediction", "confidence"),
        help="two more columns, low and high: where a new observation lies, or the mean of many",
    )
    command.add_argument(
        "--unseen",
        choices=("error", "nan"),
        default="error",
        help="groups that the model has not seen: error (default) stops, nan leaves their lines "
        "empty and says how many",
    )
    command.add_argument("--level", type=float, help="of --interval (default: 0.95)")
    command.add_argument(
        "--out", metavar="FILE", help="write a CSV here, not to the screen, which is -"
    )
    add_reading(command, "gives them an empty line")


def run(options):
    import numpy as np

    from linreg_fast.cli.applying import Applied, load, tell_unseen
    from linreg_fast.data.jsonfile import write_text
    from linreg_fast.sources.names import counted, split_names
    from linreg_fast.sources.table import is_arrow

    if streaming.takes(options):
        return streaming.predict(options, load(options))
    if options.out == "-":
        options.out = None
    if options.out is not None:
        check_writable(options.out, options.data, options.model)
        if is_arrow(options.out):
            raise ValueError(f"predictions are written as CSV: {options.out} names another kind")
    if options.level is not None:
        from linreg_fast.inference.choices import check_level

        check_level(options.level)
        if options.interval is None:
            raise ValueError("--level is that of --interval prediction or --interval confidence")
    model = load(options)
    certain = None
    if options.interval is not None:
        from linreg_fast.cli import certainty

        certain = certainty.inference(model)
    with patience(f"reading {options.data}"), opened(options) as source:
        keep = split_names(source, options.keep or ())
        missing = "raise" if options.missing == "raise" else "keep"
        applied = Applied(source, model, texts=keep, missing=missing, unseen=options.unseen)
        X = applied.design()
        predicted = model.predict(X)
        ends = [] if certain is None else interval(certain, X, options)
    tell_unseen(applied)
    unseen = sum(sum(counts.values()) for counts in applied.levels_unseen.values())
    gaps = int(np.isnan(predicted).sum()) - unseen
    if gaps > 0:
        warnings.warn(
            f"{source.path}: missing values in {gaps} of {counted(len(predicted), 'row')}: the "
            "line of such a row is empty (--missing raise stops at them)",
            stacklevel=2,
        )
    with patience("writing"):
        columns = applied.columns
        kept = [columns.cells(columns.place(name)) for name in keep]
        head = f"predicted {model.target}" if model.target in keep else model.target
        names = [head, "low", "high"][: 1 + len(ends)]
        text = as_csv([*keep, *names], [*kept, predicted.tolist(), *ends])
        if options.out:
            write_text(options.out, text)
    if options.out:
        print(f"{len(predicted)} predictions written to {options.out}")
    else:
        sys.stdout.write(text)
    return 0


def interval(certain, X, options):
    """[low, high] of each row of X, as lists; NaN where a row has a gap."""
    import numpy as np

    whole = ~np.isnan(X).any(axis=1)
    ends = np.full((2, len(X)), np.nan)
    if whole.any():
        found = certain.predict(X[whole], options.level or 0.95)
        mean = options.interval == "confidence"
        ends[:, whole] = (found.mean_low, found.mean_high) if mean else (found.low, found.high)
    return ends.tolist()


def as_csv(names, columns):
    """The text of a table: text as it is, numbers with all digits, empty where one is NaN."""
    lines = io.StringIO(newline="")
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(names)
    if len(columns) == 1:  # csv would write "" for an empty one
        lines.writelines("\n" if value != value else f"{value!r}\n" for value in columns[0])
    else:
        for row in zip(*columns, strict=True):
            writer.writerow([v if isinstance(v, str) else "" if v != v else repr(v) for v in row])
    return lines.getvalue()


COMMAND = Command("predict", "predict with a model that fit wrote", EXAMPLES, add_options, run)
