"""Tables that are read in batches: several files, patterns, folders, and large files."""

import contextlib
import glob
import os
import time
import warnings
from types import MappingProxyType

from linreg_fast.cli import summary
from linreg_fast.cli.common import for_a_reader, patience
from linreg_fast.cli.tables import options_of_text, refuse_constant, refuse_empty_names

LARGE = 64 << 20  # bytes of a file that is not read whole: its numbers would take 0.3 GB and more
# Options of fit that the rows in memory are needed for.
NEED_ROWS = ["categorical", "formula", "plot", "clusters", "diagnose"]
MANY_HELP = "; several files, a folder or a 'pattern*.parquet' are read in batches"


def takes(options, needs_rows=False):
    """Whether the data are read in batches. If not, `options.data` becomes the one path.

    needs_rows: whether the rows of one file are needed in memory, as for some options.
    """
    given = options.data
    if are_many(options):
        return True
    path = options.data
    if (
        needs_rows
        or any(getattr(options, name, None) for name in NEED_ROWS)
        or path == "-"
        or not os.path.isfile(path)
        or os.path.getsize(path) < LARGE
    ):
        return False
    options.data = given
    return True


def are_many(options):
    """Whether these are several files. If not, `options.data` becomes the one path."""
    given = options.data
    if len(given) > 1 or (given[0] != "-" and _is_many(given[0])):
        if "-" in given:
            raise ValueError("standard input (-) cannot be one of several files")
        return True
    options.data = given[0]
    return False


def _is_many(path):
    return os.path.isdir(path) or (glob.has_magic(path) and not os.path.exists(path))


def refuse(options):
    """Raise for options that need all rows in memory."""
    for name in NEED_ROWS:
        option = "--cluster" if name == "clusters" else f"--{name}"
        if getattr(options, name, None):
            raise ValueError(
                f"{option} needs the rows of one file in memory, and these are read in batches"
            )
    if len(options.data) > 1 and "-" in options.data:
        raise ValueError("standard input (-) cannot be one of several files")


class Told:
    """How far the reading is, in words: what `patience` says."""

    def __init__(self, what):
        self._words, self._begin, self.total = what, time.perf_counter(), None

    def __call__(self, rows):
        from linreg_fast.sources.progress import words

        self._words = words(rows, self.total, time.perf_counter() - self._begin)

    def __str__(self):
        return self._words


def opened(options):
    """The stream of the rows that the options ask for; sentences about columns left out.

    Which columns those are is decided by the first file.
    """
    from linreg_fast.sources.columns import TableStream
    from linreg_fast.sources.recognise import pieces_of
    from linreg_fast.sources.selection import Selection

    if options.target is None:
        raise ValueError("name the column to explain: --target price")
    refuse_empty_names(options)
    pieces = pieces_of(options.data, options_of_text(options))
    first = pieces[0]
    chosen = Selection(
        first, options.target, options.features, options.weights, options.exclude or ()
    )
    if not chosen.chosen and first.again:
        batches = first.batches(chosen.features)
        with contextlib.closing(batches):
            chosen.leave_out_row_numbers(next(batches, None))
    names = [first.columns[place].name for place in chosen.features]
    target, weights = (
        None if place is None else first.columns[place].name
        for place in (chosen.target, chosen.weights)
    )
    return TableStream(pieces, target, weights, names)


def fit(options, report):
    """The command fit, flat in memory. report: (model, seconds, has intercept, screen)."""
    from linreg_fast.cli import certainty, fitting
    from linreg_fast.cli.model_file import Model
    from linreg_fast.solvers import check_known

    check_known(options.solver)
    refuse(options)
    fitting.check_outputs(options)
    estimator = fitting.estimator_of(options)
    told = Told("looking at the files")
    choice = summary.choice_of(options) if summary.asked(options) else None
    with patience(told):
        stream, found = opened(options), None
        told.total = stream.rows
        started = time.perf_counter()
        estimator._fit_stream(stream, options.missing, told)
        taken = time.perf_counter() - started
        _refuse_constant(estimator, options)
        if choice is not None:
            found = _inference(estimator, stream, choice, options.missing, told)
        details = details_of(estimator)
    fitting.warn_of_dependent_columns(estimator, stream.names[: stream.n_features])
    names = list(estimator.feature_names_in_)
    target = stream.names[stream.n_features]
    kept = certainty.of_fit(estimator, found, options)
    model = Model(
        names, target, estimator.coef_, float(estimator.intercept_), details, certainty=kept
    )
    rows = Counted(estimator.reading_)
    screen = summary.written(options, model, found, rows)
    with for_a_reader():
        if found is None:
            report(model, taken, not options.no_intercept, screen)
        else:
            print(summary.text(found, options.level or 0.95, rows), file=screen)
        print(f"read       {estimator.reading_}", file=screen)
        for path in (options.out, options.json, options.csv):
            if path and path != "-":
                print(f"written to {path}", file=screen)
    return 0


def _refuse_constant(estimator, options):
    moments, reading = estimator.moments_, estimator.reading_
    if not moments.comoment[-1, -1]:
        paths = ", ".join(options.data[:3]) + " ..." * (len(options.data) > 3)
        refuse_constant(paths, options.target, moments.mean[-1], reading.used, reading.rows)


class Counted:
    """What `summary` asks of rows: how many were read and used. There are no groups."""

    categories: MappingProxyType = MappingProxyType({})

    def __init__(self, reading):
        self.read, self.y = reading.rows, range(reading.used)


def _inference(estimator, stream, choice, missing, told):
    """The `Inference` of a fit; its rows are read once more where the errors need them."""
    from linreg_fast.estimators.from_source import infer_stream
    from linreg_fast.inference import build

    fitted = estimator._fitted(None)
    fitted.targets = [stream.names[stream.n_features]]
    if choice.needs_rows:
        return infer_stream(fitted, stream, choice, missing, progress=told)
    return build.infer(fitted, choice)


def details_of(estimator):
    """What the model's file and the report say, by moments alone."""
    import math

    import numpy as np

    from linreg_fast.cli.fit_report import details
    from linreg_fast.inference.choices import InferenceWarning

    moments, reading = estimator.moments_, vars(estimator).get("reading_")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InferenceWarning)
        left = estimator.inference().rss
    about_mean = float(np.asarray(moments.comoment)[-1, -1])
    r2 = 1 - left / about_mean if about_mean > 0 else math.nan
    left_out = 0 if reading is None else reading.dropped
    return details(estimator, moments.n_samples, left_out, r2, float(left / moments.weight_sum))
