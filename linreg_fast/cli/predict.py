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
        "--out", metavar="FILE", help="write a CSV here, not to the screen, which is -"
    )
    add_reading(command, "gives them an empty line")


def run(options):
    import numpy as np

    from linreg_fast.cli.applying import Applied, load
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
    model = load(options)
    with patience(f"reading {options.data}"), opened(options) as source:
        keep = split_names(source, options.keep or ())
        missing = "raise" if options.missing == "raise" else "keep"
        applied = Applied(source, model, texts=keep, missing=missing)
        predicted = model.predict(applied.design())
    gaps = int(np.isnan(predicted).sum())
    if gaps:
        warnings.warn(
            f"{source.path}: missing values in {gaps} of {counted(len(predicted), 'row')}: the "
            "line of such a row is empty (--missing raise stops at them)",
            stacklevel=2,
        )
    with patience("writing"):
        columns = applied.columns
        kept = [columns.cells(columns.place(name)) for name in keep]
        head = f"predicted {model.target}" if model.target in keep else model.target
        text = as_csv([*keep, head], [*kept, predicted.tolist()])
        if options.out:
            write_text(options.out, text)
    if options.out:
        print(f"{len(predicted)} predictions written to {options.out}")
    else:
        sys.stdout.write(text)
    return 0


def as_csv(names, columns):
    """The text of a table whose last column holds numbers: empty where one is NaN."""
    lines = io.StringIO(newline="")
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(names)
    if len(columns) == 1:  # csv would write "" for an empty one
        lines.writelines("\n" if value != value else f"{value!r}\n" for value in columns[0])
    else:
        for *kept, value in zip(*columns, strict=True):
            writer.writerow([*kept, "" if value != value else repr(value)])
    return lines.getvalue()


COMMAND = Command("predict", "predict with a model that fit wrote", EXAMPLES, add_options, run)
