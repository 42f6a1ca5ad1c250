"""The command fit of tables that are read in batches: flat in memory, once more for each question.

Formulas and columns of groups take a first look, which learns the levels; then comes the fit, and
the errors that need the rows read them once more.
"""

import time
from types import MappingProxyType
from typing import Any, NamedTuple

from linreg_fast.cli import how_sure, restrictions, streaming, summary
from linreg_fast.cli.common import patience
from linreg_fast.cli.tables import options_of_text, refuse_constant, refuse_empty_names

NO_CATEGORIES: MappingProxyType = MappingProxyType({})


class Counted:
    """What `summary` asks of rows: how many were read and have no gap, and the groups."""

    def __init__(self, reading, categories, names):
        self.read, self.y = reading.rows, range(reading.whole)
        self.categories, self.names = categories, names


class Opened(NamedTuple):
    """The stream of a fit, and how its features are made."""

    stream: Any
    coder: Any  # None of columns of numbers as they are
    design: Any  # of a formula

    @property
    def categories(self):
        return getattr(self.coder, "categories", NO_CATEGORIES)

    @property
    def plain(self):
        """What a model's file says of the formula, or None."""
        from linreg_fast.cli import by_formula

        return None if self.design is None else by_formula.plain(self.design, self.coder.kinds)


def fit(options):
    """The command."""
    from linreg_fast.cli import certainty, diagnose, fit_common, fit_report
    from linreg_fast.cli.model_file import Model
    from linreg_fast.solvers import check_known

    check_known(options.solver)
    streaming.refuse(options)
    fit_common.check_outputs(options)
    told = streaming.Told("looking at the files")
    choice = how_sure.choice_of(options) if how_sure.asked(options) else None
    found = looked_at = None
    with patience(told):
        opened = _opened(options, told)
        stream = opened.stream
        estimator = fit_common.estimator_of(options, opened.design)
        told.about("fitting", stream.rows)
        started = time.perf_counter()
        estimator._fit_stream(stream, options.missing, told)
        taken = time.perf_counter() - started
        _refuse_constant(estimator, stream, options)
        rows = Counted(estimator.reading_, opened.categories, list(estimator.feature_names_in_))
        fitted = _fitted(estimator, opened, rows)
        if choice is not None:
            told.about(f"{choice.cov} errors", stream.rows)
            found = _inference(fitted, stream, choice, options.missing, told)
        if options.diagnose:
            told.about("residuals", stream.rows)
            looked_at = diagnose.of_stream(fitted, stream, options.missing, choice.weights, told)
        details = streaming.details_of(estimator)
    tests = restrictions.tested(found, options.tests)
    fit_common.warn_of_dependent_columns(estimator, rows.names)
    model = Model(
        rows.names,
        fitted.targets[0],
        estimator.coef_,
        float(estimator.intercept_),
        details,
        dict(rows.categories),
        certainty.of_fit(estimator, found, options),
        opened.plain,
    )
    screen = summary.written(options, model, found, rows, opened.design, tests)
    fit_report.show(options, estimator, model, taken, found, rows, tests, looked_at, screen)
    if looked_at is not None and options.plot:
        diagnose.draw(options.plot, looked_at[0], screen)
    return 0


def _refuse_constant(estimator, stream, options):
    moments, reading = estimator.moments_, estimator.reading_
    if not moments.comoment[-1, -1]:
        paths = ", ".join(options.data[:3]) + " ..." * (len(options.data) > 3)
        target = stream.names[stream.n_features]
        refuse_constant(paths, target, moments.mean[-1], reading.used, reading.rows)


def _opened(options, told):
    """The `Opened` of what the options ask for."""
    refuse_empty_names(options)
    grouped = options.categorical or options.clusters
    if options.formula is None and not grouped and not options.diagnose:
        return Opened(streaming.opened(options), None, None)
    from linreg_fast.sources.recognise import closed_on_failure, pieces_of

    pieces = pieces_of(options.data, options_of_text(options))
    with closed_on_failure(pieces):
        clusters = _clusters(options, pieces[0])
        coder = (_by_columns if options.formula is None else _by_formula)(
            options, pieces, clusters, told
        )
        return _stream(options, pieces, coder, clusters)


def _clusters(options, first):
    from linreg_fast.sources.names import split_names

    found = split_names(first, options.clusters or ())
    if len(found) > 2:
        raise ValueError(f"--cluster takes one or two columns, got {', '.join(found)}")
    return found


def _stream(options, pieces, coder, clusters):
    from linreg_fast.sources.coded import CodedStream

    places = bool(options.diagnose)
    stream = CodedStream(
        pieces, coder, options.weights, clusters, places, missing_groups=options.missing
    )
    return Opened(stream, coder, getattr(coder, "design", None))


def _by_columns(options, pieces, clusters, told):
    """The coder of the columns that the options name, or offer."""
    from linreg_fast.sources.categories import Categories, levels_in
    from linreg_fast.sources.coded import Plain

    if options.target is None:
        raise ValueError("name the column to explain: --target price, or --formula 'price ~ area'")
    chosen = streaming.selected(options, pieces, clusters)
    first = pieces[0]
    features = [first.columns[place].name for place in chosen.features]
    grouped = [first.columns[place].name for place in chosen.categorical]
    target = first.columns[chosen.target].name
    if not grouped:
        return Plain(features, target)
    told.about("looking for groups", None)
    weights = [] if options.weights is None else [options.weights]
    numbers = [name for name in features if name not in grouped]
    numbers = list(dict.fromkeys([*numbers, target, *weights, *clusters]))
    numbers = [name for name in numbers if name not in grouped]
    levels = levels_in(pieces, grouped, numbers, told)
    for name in grouped:
        if len(levels[name]) < 2:
            import warnings

            warnings.warn(
                f"--categorical {name!r} has one group only and is left out", stacklevel=2
            )
            features.remove(name)
    if not features:
        raise ValueError(f"{first.path} has no columns to explain {target!r} by")
    return Categories([(name, levels.get(name)) for name in features], target, unseen=None)


def _by_formula(options, pieces, clusters, told):
    """The coder of --formula."""
    from linreg_fast.cli.by_formula import read_formula, refuse_columns
    from linreg_fast.estimators.formula_streams import learnt
    from linreg_fast.sources.names import NO_NAME, split_names

    refuse_columns(options)
    names = [column.name for column in pieces[0].columns]
    weights = [] if options.weights is None else [options.weights]
    out = {*clusters, *weights, *split_names(pieces[0], options.exclude or ())}
    out |= {name for name in names if NO_NAME.fullmatch(name)}
    text, _ = read_formula(options, names, out)
    told.about("looking for levels", None)
    coder, _ = learnt(text, pieces, also=[*clusters, *weights], progress=told)
    return coder


def _fitted(estimator, opened, rows):
    """The `Fitted` of the stream, by the names of its columns and terms."""
    found, stream = estimator._fitted(None), opened.stream
    found.targets = [stream.names[stream.n_features]]
    found.terms = summary.terms_of(rows) if opened.design is None else opened.design.terms
    return found


def _inference(fitted, stream, choice, missing, told):
    """The `Inference` of a fit; its rows are read once more where the errors need them.

    Weights need them, too: the log-likelihood has the sum of their logarithms.
    """
    from linreg_fast.estimators.source_inference import infer_stream
    from linreg_fast.inference import build

    if choice.needs_rows or stream.weighted:
        scores = build.no_scores(fitted, choice, 0, read=True)
        (found,) = infer_stream(fitted, [scores], stream, missing, told)
    else:
        found = build.infer(fitted, choice)
    return summary.with_clear_names(found)
