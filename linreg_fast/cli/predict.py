"""The command predict."""

import sys
import warnings

from linreg_fast.cli import streaming
from linreg_fast.cli.common import Command, check_writable, patience
from linreg_fast.cli.tables import add_reading, opened, options_of_text

EXAMPLES = """\
  linreg-fast predict model.json new_houses.csv
  linreg-fast predict model.json new_houses.csv --keep id,street --out predicted.csv
  linreg-fast predict model.json new_houses.csv --interval prediction --level 0.9
  linreg-fast predict model.json 'trips/*.parquet' --keep id --out fares.parquet
  cat new_houses.csv | linreg-fast predict model.json - > predicted.csv
"""


def add_options(command):
    streaming.add_model_and_data(command, "a table with the model's columns")
    command.add_argument("--keep", action="append", help="columns to write first, as text")
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
        "--out",
        metavar="FILE",
        help="write a CSV, or a .parquet file, here; not to the screen, which is -",
    )
    add_reading(command, "gives them an empty line")


def run(options):
    from linreg_fast.cli.applying import load, tell_unseen

    if options.out == "-":
        options.out = None
    if options.level is not None:
        from linreg_fast.inference.choices import check_level

        check_level(options.level)
        if options.interval is None:
            raise ValueError("--level is that of --interval prediction or --interval confidence")
    if options.out is not None:
        _check_out(options)
    model = load(options)
    certain = None
    if options.interval is not None:
        from linreg_fast.cli import certainty

        certain = certainty.inference(model)
    predict = _of_many if streaming.takes(options) else _of_one
    rows, gaps, name, applied = predict(options, model, certain)
    tell_unseen(applied)
    gaps -= sum(sum(counts.values()) for counts in applied.levels_unseen.values())
    if gaps > 0:
        from linreg_fast.sources.names import counted

        warnings.warn(
            f"{name}: missing values in {gaps} of {counted(rows, 'row')}: the "
            "line of such a row is empty (--missing raise stops at them)",
            stacklevel=2,
        )
    if options.out is not None:
        print(f"{rows} predictions written to {options.out}")
    return 0


def _check_out(options):
    from linreg_fast.sources.predictions import check_ending

    check_writable(options.out, *options.data, options.model)
    check_ending(options.out)


def _of_one(options, model, certain):
    """(rows, rows without a prediction, name, what was applied) of one table, read first."""
    import numpy as np

    from linreg_fast.cli.applying import Applied
    from linreg_fast.sources.names import split_names
    from linreg_fast.sources.predictions import columns_to, csv_to, heads_of

    with patience(f"reading {options.data}"), opened(options) as source:
        keep = split_names(source, options.keep or ())
        missing = "raise" if options.missing == "raise" else "keep"
        applied = Applied(source, model, texts=keep, missing=missing, unseen=options.unseen)
        X = applied.design()
        predicted = model.predict(X)
        ends = [] if certain is None else interval(certain, X, options)
    with patience("writing"):
        columns = applied.columns
        found = [*(columns.cells(columns.place(name)) for name in keep), predicted, *ends]
        heads = heads_of(model.target, keep, _ends(certain))
        if options.out is None:
            with csv_to(sys.stdout, [*keep, *heads]) as add:
                add(found)
        else:
            with columns_to(options.out, keep, heads) as add:
                add(found)
    return len(predicted), int(np.isnan(predicted).sum()), source.path, applied


def _of_many(options, model, certain):
    """Likewise of several files, or a large one, in batches."""
    import numpy as np

    from linreg_fast.cli.applying import coder_of
    from linreg_fast.sources.names import split_names
    from linreg_fast.sources.predictions import heads_of, write_columns
    from linreg_fast.sources.recognise import closed_on_failure, pieces_of

    gaps = 0

    def answers(X):
        nonlocal gaps
        predicted = model.predict(X)
        gaps += int(np.isnan(predicted).sum())
        return [predicted, *([] if certain is None else interval(certain, X, options))]

    def check(X, where):
        for bad, hint in (
            (np.isinf, "drop or fill the rows that are not finite"),
            *([(np.isnan, "fill it, or leave --missing raise out")] * (options.missing == "raise")),
        ):
            rows, columns = np.nonzero(bad(X))
            if len(rows):
                what = "a missing value" if bad is np.isnan else X[rows[0], columns[0]]
                raise ValueError(
                    f"{where(int(rows[0]))}: column {model.features[columns[0]]!r} holds "
                    f"{what}: {hint}"
                )

    coder, told = coder_of(model, options.unseen), streaming.Told("predicting")
    with patience(told):
        pieces = pieces_of(options.data, options_of_text(options))
        with closed_on_failure(pieces):
            keep = split_names(pieces[0], options.keep or ())
            heads = heads_of(model.target, keep, _ends(certain))
            rows = write_columns(pieces, options.out, coder, answers, heads, keep, check, told)
    return rows, gaps, pieces[0].path if len(pieces) == 1 else f"{len(pieces)} files", coder


def _ends(certain):
    return () if certain is None else ("low", "high")


def interval(certain, X, options):
    """[low, high] of each row of X; NaN where a row has a gap."""
    import numpy as np

    whole = ~np.isnan(X).any(axis=1)
    ends = np.full((2, len(X)), np.nan)
    if whole.any():
        found = certain.predict(X[whole], options.level or 0.95)
        mean = options.interval == "confidence"
        ends[:, whole] = (found.mean_low, found.mean_high) if mean else (found.low, found.high)
    return list(ends)


COMMAND = Command("predict", "predict with a model that fit wrote", EXAMPLES, add_options, run)
