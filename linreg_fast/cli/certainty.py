"""What a model's file keeps for intervals and diagnosis: moments, and the covariance of the fit."""

from dataclasses import asdict, replace

import numpy as np

from linreg_fast.data import jsonfile

MOST_COLUMNS = 200  # p (p + 3) numbers of 20 letters each: 0.8 MB


def of_fit(estimator, found, options):
    """Content for the file, or None where there is nothing to keep.

    found: the `Inference` that was shown, or None.
    """
    content = of_moments(
        estimator, options.weights, getattr(options, "weights_are", None) or "analytic"
    )
    if content is None:
        return None
    if found is not None and np.isfinite(found.meat).all() and found.lost is None:
        content["errors"] = {
            **asdict(found.choice),
            "rss": found.rss,
            "meat": found.meat.ravel().tolist(),
            "df": int(found.df),
            "n_samples": int(found.n_samples),
            "groups": [[name, int(count)] for name, count in found.groups],
            "weighted": bool(found.weighted),
        }
    return content


def of_moments(estimator, weights=None, weights_are="analytic"):
    """Likewise, with the classical errors. weights: the name of their column."""
    import json

    moments = getattr(estimator, "moments_", None)
    if moments is None or moments.n_features > MOST_COLUMNS or estimator.positive:
        return None
    return {
        "moments": json.loads(moments.to_json()),
        "fit_intercept": bool(estimator.fit_intercept),
        "rank": int(estimator.rank_),
        "weights": weights,
        "weights_are": weights_are,
        "errors": None,
    }


def fitted(model):
    """The `Fitted` that a model's file describes."""
    import json

    from linreg_fast.data.moments import Moments
    from linreg_fast.inference.fitted import Fitted

    content = needed(model)
    try:
        moments = Moments.from_json(json.dumps(content["moments"]))
        rank, centred = content["rank"], content["fit_intercept"]
        if moments.n_features != len(model.features) or type(rank) is not int:
            raise ValueError("malformed file: its moments are of other columns")
    except (KeyError, TypeError) as error:
        raise ValueError(f"malformed file: its certainty lacks {error}") from None
    terms = None if model.formula is None else model.design().terms
    return Fitted(
        moments, bool(centred), rank, model.coef[None, :], model.features, [model.target], terms
    )


def meaning(model):
    """What the weights of the fit are: "analytic", "frequency" or "sampling"."""
    content = needed(model)
    errors = content.get("errors")
    known = content.get("weights_are")
    if known is None and isinstance(errors, dict):  # of older files
        known = errors.get("weights")
    return known or "analytic"


def needed(model):
    """The content, or an error that says why there is none."""
    if model.certainty is None:
        raise ValueError(
            f"this model's file keeps no sums, which intervals and diagnosis need: models of more "
            f"than {MOST_COLUMNS} columns, with a bound on their coefficients, or of older versions"
        )
    return model.certainty


def inference(model):
    """The `Inference` that was shown when the model was fitted; the classical one if none was."""
    from linreg_fast.cli.summary import quietly
    from linreg_fast.inference import build
    from linreg_fast.inference.choices import Choice

    found = quietly(build.infer, fitted(model), Choice())
    errors = model.certainty.get("errors")
    if not isinstance(errors, dict):
        return found
    k = found.rank
    meat = np.array(jsonfile.numbers(errors, "meat", k * k)).reshape(k, k)
    try:
        names = ("cov", "lags", "weights", "two_way", "small_sample", "psd")
        choice = Choice(**{name: errors[name] for name in names})
        groups = tuple((name, int(count)) for name, count in errors["groups"])
        return replace(
            found,
            choice=choice,
            meat=meat,
            df=int(errors["df"]),
            n_samples=int(errors["n_samples"]),
            rss=float(errors["rss"]),
            groups=groups,
            weighted=bool(errors["weighted"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"malformed file: its errors lack {error}") from None
