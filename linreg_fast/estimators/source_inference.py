"""`inference` of rows that come from a source: they are read once more."""

from linreg_fast.estimators.by_name import drops


def infer_source(model, source, y, sample_weight, choice, target, groups):
    """The `Inference` of each target, by one more reading of the source that was fitted.

    target: of which alone; None for all.
    """
    from linreg_fast.estimators.coded_sources import names_of_groups, stream_of
    from linreg_fast.inference import build

    names = names_of_groups(groups)
    fitted = model._fitted(None)
    scores = [  # before anything is opened
        build.no_scores(fitted, choice, each, read=True) for each in model._targets(target)
    ]
    stream = stream_of(model, source, y, sample_weight, names)
    model._compare(stream)
    return infer_stream(fitted, scores, stream, "drop" if drops(model) else "raise")


def infer_stream(fitted, scores, stream, missing, progress=None):
    """The `Inference`s of a `Fitted` by reading its rows; scores: `build.no_scores` of each."""
    from linreg_fast.inference import build
    from linreg_fast.sources.summing import each_block

    choice = scores[0].choice

    def use(X, Y, weights, beside=()):
        groupings = _groupings(stream, beside, choice)
        for each in scores:
            each.add_checked(X, Y, weights, groupings)

    lagged, repeated = choice.cov == "HAC", choice.repeated
    each_block(stream, use, missing, progress, weightless=lagged, whole=repeated)
    return [build.of_scores(fitted, each) for each in scores]


def _groupings(stream, beside, choice):
    from linreg_fast.inference.groups import of_codes

    if not choice.clustered:
        return None
    return [
        of_codes(column, codes.name) for column, codes in zip(beside, stream.codes, strict=False)
    ]
