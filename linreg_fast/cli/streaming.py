"""Tables that are read in batches: several files, patterns, folders, and large files."""

import contextlib
import glob
import os
import time
import warnings

from linreg_fast.cli.tables import DATA_HELP, options_of_text, refuse_empty_names

LARGE = 64 << 20  # bytes of a file that is not read whole: its numbers would take 0.3 GB and more
MANY_HELP = "; several files, a folder or a 'pattern*.parquet' are read in batches"


def add_model_and_data(command, what):
    """The model that is applied, and the tables to which. what: they must be."""
    command.add_argument("model", metavar="MODEL", help="the JSON file of fit --out")
    command.add_argument("data", metavar="DATA", nargs="+", help=f"{what}: {DATA_HELP}{MANY_HELP}")


def takes(options):
    """Whether the data are read in batches. If not, `options.data` becomes the one path."""
    given = options.data
    if are_many(options):
        return True
    path = options.data
    if (
        _needed(options)
        or _formula_needs_all(getattr(options, "formula", None))
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


def _needed(options, more=()):
    """The first option that needs all rows in memory, or None."""
    names = more if getattr(options, "diagnose", False) else ("plot", *more)
    return next((f"--{name}" for name in names if getattr(options, name, None)), None)


def _formula_needs_all(text):
    if text is None:
        return False
    from linreg_fast.estimators.formula_lessons import needs_all_rows

    return needs_all_rows(text)


def refuse(options, more=()):
    """Raise for options that need all rows in memory."""
    option = _needed(options, more)
    if option:
        raise ValueError(
            f"{option} needs the rows of one file in memory, and these are read in batches"
            + " (with --diagnose it draws their residuals)" * (option == "--plot")
        )
    if len(options.data) > 1 and "-" in options.data:
        raise ValueError("standard input (-) cannot be one of several files")


class Told:
    """How far the reading is, in words: what `patience` says."""

    def __init__(self, what):
        self.about(what, None)

    def about(self, what, total):
        """What is done from now on, and to how many rows, where that is known."""
        self._what, self._words, self.total = what, what, total
        self._begin = time.perf_counter()

    def __call__(self, rows):
        from linreg_fast.sources.progress import words

        said = words(rows, self.total, time.perf_counter() - self._begin)
        self._words = f"{self._what}, {said if self.total else said.rpartition(',')[0]}"

    def __str__(self):
        return self._words


def opened(options):
    """The stream of the rows that the options ask for; sentences about columns left out.

    Which columns those are is decided by the first file.
    """
    from linreg_fast.sources.columns import TableStream
    from linreg_fast.sources.recognise import closed_on_failure, pieces_of

    if options.target is None:
        raise ValueError("name the column to explain: --target price")
    refuse_empty_names(options)
    pieces = pieces_of(options.data, options_of_text(options))
    with closed_on_failure(pieces):
        first, chosen = pieces[0], selected(options, pieces)
        names = [first.columns[place].name for place in chosen.features]
        target, weights = (
            None if place is None else first.columns[place].name
            for place in (chosen.target, chosen.weights)
        )
        return TableStream(pieces, target, weights, names)


def selected(options, pieces, clusters=()):
    """The `Selection` of columns, by the first piece. clusters: no features, by default."""
    from linreg_fast.sources.selection import Selection

    first, categorical = pieces[0], getattr(options, "categorical", None) or ()
    chosen = Selection(
        first,
        options.target,
        options.features,
        options.weights,
        options.exclude or (),
        categorical,
        beside=clusters,
    )
    if not chosen.chosen and first.again:
        numbers = [place for place in chosen.features if place not in chosen.categorical]
        batches = first.batches(numbers)
        with contextlib.closing(batches):
            chosen.leave_out_row_numbers(next(batches, None))
    return chosen


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
