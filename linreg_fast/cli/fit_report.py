"""What fit says of a fit: the numbers of the model's file, and the report without a summary."""

import math

from linreg_fast.cli import summary
from linreg_fast.cli.common import for_a_reader


def details_of(estimator, rows):
    """What the file says of the fit. R2 and MSE are those of `inference`, wherever it has them."""
    import numpy as np

    from linreg_fast.functional.sums import mse

    sums = _sums(estimator, rows)
    if sums is None:
        loss = mse(rows.X, rows.y, estimator.coef_, estimator.intercept_, rows.weights)
        with np.errstate(over="ignore", invalid="ignore"):  # then there is no R2
            several = len(rows.y) > 1
            r2 = estimator.score(rows.X, rows.y, rows.weights) if several else math.nan
    else:
        loss, r2 = sums
    return details(estimator, len(rows.y), rows.read - len(rows.y), r2, loss)


def details(estimator, n_samples, left_out, r2, loss):
    """What the file says of a fit to so many rows."""
    return {
        "n_samples": n_samples,
        "rows_left_out": left_out,
        "r2": _finite(r2),
        "mse": _finite(loss),
        "rank": estimator.rank_,
        "condition_number": _finite(estimator.condition_number_),
        "solver": estimator.solver_,
        "reason": estimator.solver_reason_,
    }


def _sums(estimator, rows):
    """(MSE, R2 about the mean) by the sums of the fit; None where they do not tell."""
    import numpy as np

    from linreg_fast.cli.certainty import MOST_COLUMNS

    moments = getattr(estimator, "moments_", None)
    if moments is None or moments.n_features > MOST_COLUMNS or len(rows.y) < 2:
        return None
    try:
        found = summary.fitted(estimator, rows, "").basis(0, summary.checked(rows))
    except ValueError:  # bounds, a descent that has not converged
        return None
    about_mean = float(np.asarray(moments.comoment)[-1, -1])
    if not (np.isfinite(found.rss) and 0 < about_mean < np.inf):
        return None
    return found.rss / found.weight_sum, 1 - found.rss / about_mean


def show(options, estimator, model, taken, found, rows, tests, looked_at, screen):
    """The report of a fit, or its summary where one was asked for, and what was written.

    found: the `Inference`, or None. tests: those of `restrictions`. looked_at: what `diagnose` saw,
    and it in words, or None.
    """
    # the fit, what was made of it, and where it goes
    reading = vars(estimator).get("reading_")
    with for_a_reader():
        if found is None:
            report(model, taken, estimator.fit_intercept, screen)
        else:
            print(summary.text(found, options.level or 0.95, rows, tests), file=screen)
        if reading is not None:
            print(f"read       {reading}", file=screen)
        if looked_at is not None:
            print("", looked_at[1], sep="\n", file=screen)
        for path in (options.out, options.json, options.csv):
            if path and path != "-":
                print(f"written to {path}", file=screen)


def report(model, taken, has_intercept, screen, summary=True):
    """The fit in words and numbers. summary: whether the command has --summary."""
    from linreg_fast.inference.numbers_as_text import padded, width
    from linreg_fast.wording import equation

    def say(text=""):
        print(text, file=screen)

    names, details = model.features, model.details
    condition = details["condition_number"]
    say(equation(model.coef, model.intercept, names, model.target, has_intercept))
    say()
    lines = list(zip(names, model.coef, strict=True))
    if has_intercept:
        clash = any(name.strip().lower() == "intercept" for name in names)
        lines.append(("(intercept)" if clash else "intercept", model.intercept))
    widest = max(width(name) for name, _ in lines)
    for name, value in lines:
        say(f"  {padded(name, widest)}  {value: .15g}")
    say()
    for column, levels in model.categories.items():
        say(f"groups     of {column}: against {levels[0]}")
    if details["r2"] is not None:
        uncentred = "; --summary has the uncentred one" if summary else ""
        about = "" if has_intercept else f" (about the mean{uncentred})"
        say(f"R2         {details['r2']:.6f}{about}")
    say(f"MSE        {math.inf if details['mse'] is None else details['mse']:.6g}")
    left_out = details["rows_left_out"]
    also = f" ({left_out} left out for missing values)" if left_out else ""
    say(f"rows       {details['n_samples']}{also}")
    say(f"rank       {details['rank']} of {len(names)}")
    units = "centred, unit columns" if has_intercept else "unit columns"
    say(f"condition  about {condition or math.inf:.3g} ({units})")
    say(f"solver     {details['solver']}: {details['reason']}")
    say(f"time       {taken * 1e3:.1f} ms, compiling or loading the kernels included")
    if summary:
        say("certainty  --summary has standard errors, p and intervals")


def _finite(number):
    """JSON has no word for what is not."""
    return float(number) if math.isfinite(number) else None
