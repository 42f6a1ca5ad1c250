"""Sources whose rows need more than columns of numbers: formulas, clusters, and places of rows."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from linreg_fast.estimators.by_name import drops
from linreg_fast.sources.coded import CodedStream, Plain
from linreg_fast.sources.names import NO_NAME
from linreg_fast.sources.recognise import (
    hands_out_tables,
    is_frame,
    is_iterator,
    is_source,
    names_files,
)

IN_MEMORY = ("select_dtypes", "to_pylist", "get_column")  # of pandas, pyarrow and polars


def is_streamed(data):
    """Whether a formula's rows are read in batches: a source that is no table in memory."""
    if names_files(data) or (is_iterator(data) and not hands_out_tables(data)):
        return True
    if isinstance(data, (list, tuple)):
        return any(hands_out_tables(one) for one in data)
    held = is_frame(data) or any(hasattr(data, name) for name in IN_MEMORY)
    return not held and hands_out_tables(data)


def is_read(model, X, y):
    """Whether the rows of X are read in batches, for a model that is fitted."""
    if X is None or isinstance(X, np.ndarray):
        return False
    return is_source(X, y) or (getattr(model, "_design", None) is not None and is_streamed(X))


def fit_formula(model, formula, source, weight, context):
    """`LinearRegression.from_formula` of a source: the model, fitted."""
    from linreg_fast.estimators.formula_streams import learnt
    from linreg_fast.sources.recognise import closed_on_failure, pieces_of

    if weight is not None and not isinstance(weight, str):
        raise ValueError(
            "sample_weight must be the name of a column of the source, got a "
            f"{type(weight).__name__}"
        )
    pieces = pieces_of(source)
    with closed_on_failure(pieces):
        exclude = {c.name for c in pieces[0].columns if NO_NAME.fullmatch(c.name)}
        also = [] if weight is None else [weight]
        coder, first = learnt(formula, pieces, context, also, {*exclude, *also})
        stream = CodedStream(pieces, coder, weight, first=first)
    model.fit_intercept = coder.design.fit_intercept
    model._fit_stream(stream)
    model._design = coder.design
    return model


def check_target(design, y):
    """Whether y, beside a formula that names the target, is None or names the same."""
    if y is not None and not (isinstance(y, str) and y in (design.target, *design.left.columns)):
        given = repr(y) if isinstance(y, str) else f"a {type(y).__name__}"
        raise ValueError(
            f"the formula {design.text!r} names the target, {design.target!r}: leave y out, "
            f"got {given}"
        )


def stream_of(model, source, y=None, weight=None, groups=(), places=False):
    """The stream of a model's rows, coded as the fit coded them.

    groups: names of columns; places: whether the rows' places go beside them.
    """
    from linreg_fast.sources.recognise import closed_on_failure, pieces_of
    from linreg_fast.sources.summing import opened

    design = getattr(model, "_design", None)
    names = getattr(model, "feature_names_in_", None)
    if design is None and not groups and not places:
        return opened(source, y, weight, None if y is None or names is None else list(names))
    if design is None and y is None:
        raise ValueError(
            "an iterator of (X, y) has no names of columns: let it yield tables, with the target "
            "as y='name', or fill model.scores(cov) batch after batch"
        )
    for name in (weight, *groups):
        if name is not None and not isinstance(name, str):
            raise ValueError(
                "of a source groups and sample_weight are names of columns, got a "
                f"{type(name).__name__}"
            )
    if design is not None:
        check_target(design, y)
    pieces = pieces_of(source)
    with closed_on_failure(pieces):
        if design is not None:
            from linreg_fast.estimators.formula_streams import FormulaCoder

            coder = FormulaCoder.of(design, pieces)
        else:
            coder = Plain(_features(model, pieces, y, weight), y)
        return CodedStream(pieces, coder, weight, groups, places)


def _features(model, pieces, y, weight):
    names = getattr(model, "feature_names_in_", None)
    if names is not None:
        return list(names)
    from linreg_fast.sources.columns import TableStream

    return TableStream(pieces, y, weight).names[: model.n_features_in_]


def names_of_groups(groups):
    """One or two names of columns, as a list; a ValueError for arrays."""
    if groups is None:
        return []
    given = [groups] if isinstance(groups, str) else groups
    few = isinstance(given, (list, tuple)) and all(isinstance(name, str) for name in given)
    if not few:
        raise ValueError(
            "clusters of a source are columns of it: groups='city', or ['city', 'year'] for two "
            f"ways, not a {type(groups).__name__}"
        )
    if not 1 <= len(given) <= 2 or len(set(given)) != len(given):
        raise ValueError(f"groups must name one or two columns, got {given}")
    return list(given)


def coder_of(model):
    """(pieces) -> the coder of a model's features alone, for predictions."""

    def coder(pieces):
        if getattr(model, "_design", None) is not None:
            from linreg_fast.estimators.formula_streams import FormulaCoder

            return FormulaCoder.of(model._design, pieces, left=False)
        names = getattr(model, "feature_names_in_", None)
        if names is None:
            names = [c.name for c in pieces[0].columns if not NO_NAME.fullmatch(c.name)]
            if len(names) != model.n_features_in_:
                raise ValueError(
                    f"{pieces[0].path} has {len(names)} columns, the model {model.n_features_in_} "
                    "features, without names: fit it to a source, or to a frame"
                )
        return Plain(names)

    return coder


def each_of(model, source, y, weight, weightless=False):
    """each(use): use(X, Y, weights, places) of one batch of a source after the other.

    Each call reads the source; the first one has opened it, and compared its columns. weightless:
    whether rows of weight 0 are among the rows.
    """
    check_is_fitted(model)
    held = [stream_of(model, source, y, weight, places=True)]
    model._compare(held[0])
    missing = "drop" if drops(model) else "raise"

    def each(use):
        from linreg_fast.sources.summing import each_block

        stream = held.pop() if held else stream_of(model, source, y, weight, places=True)
        each_block(
            stream,
            lambda X, Y, w, beside: use(X, Y, w, beside[-1]),
            missing,
            weightless=weightless,
        )

    return each
