"""What an analyst asks of `fit`: the options of the table of coefficients, and what they mean."""

from linreg_fast.cli import restrictions
from linreg_fast.cli.common import Names, check_writable

ASKED = ("cov", "clusters", "lags", "level", "weights_are", "two_way", "json", "csv", "tests")


def _covariances():
    from linreg_fast.inference.choices import COVARIANCES

    return COVARIANCES


def _meanings():
    from linreg_fast.inference.choices import WEIGHTS

    return WEIGHTS


def add_options(command):
    sure = command.add_argument_group(
        "how sure it is", "each of these asks for the table of coefficients"
    )
    sure.add_argument(
        "--summary", action="store_true", help="standard errors, t, p, intervals, R2, F, tests"
    )
    sure.add_argument(
        "--cov",
        metavar="NAME",
        choices=Names(_covariances, open=True),
        help="errors: one of %(choices)s (default: classical; CR1S with --cluster, which is "
        "Stata's; HAC with --lags; HC1 for sampling weights)",
    )
    sure.add_argument(
        "--cluster",
        dest="clusters",
        action="append",
        metavar="COLUMN",
        help="errors hang together within groups of this column, or of two: city,year",
    )
    sure.add_argument("--lags", type=int, help="Newey-West errors; rows are in the order of time")
    sure.add_argument(
        "--small-sample",
        action="store_true",
        help="Newey-West errors times n / (n - k), as Stata has them",
    )
    sure.add_argument(
        "--two-way",
        choices=("min", "each"),
        help="the factor of two-way clusters: of the fewer for all (fixest, reghdfe; default), or "
        "each its own (sandwich, statsmodels)",
    )
    sure.add_argument(
        "--psd",
        action="store_true",
        help="set negative eigenvalues of a two-way covariance to 0, where variances are negative",
    )
    sure.add_argument(
        "--level", type=float, help="of the intervals, between 0 and 1 (default: 0.95)"
    )
    sure.add_argument(
        "--weights-are",
        metavar="MEANING",
        choices=Names(_meanings, open=True),
        help="what --weights mean: analytic (variance 1/w; default), frequency (w equal rows), "
        "sampling",
    )
    restrictions.add_option(sure)
    sure.add_argument("--json", metavar="FILE", help="write all numbers as JSON; - to the screen")
    sure.add_argument(
        "--csv", metavar="FILE", help="write the table of coefficients as CSV; - to the screen"
    )
    sure.add_argument(
        "--diagnose",
        action="store_true",
        help="tests of the residuals, rows that stand out; --plot draws residuals, normal "
        "quantiles, scale and leverage",
    )


def asked(options):
    """Whether any option wants the table."""
    given = any(getattr(options, name, None) is not None for name in ASKED)
    flags = options.summary, options.diagnose, options.small_sample, options.psd
    return any(flags) or given


def choice_of(options):
    """The `Choice` of the options, before anything is read."""
    from linreg_fast.inference.choices import Choice, check_level

    if options.level is not None:
        check_level(options.level)
    if options.weights_are is not None and options.weights is None:
        raise ValueError("--weights-are says what --weights mean: name their column, too")
    for option, given in (("--two-way", options.two_way), ("--psd", options.psd or None)):
        if given is not None and "," not in ",".join(options.clusters or ()):
            raise ValueError(f"{option} is for two-way clusters: --cluster city,year")
    data = options.data if isinstance(options.data, list) else [options.data]
    for path in (options.json, options.csv):
        if path is not None and path != "-":
            check_writable(path, *data)
    named = [path for path in (options.out, options.json, options.csv, options.plot) if path]
    if len(set(named)) < len(named):
        raise ValueError("two of --out, --json, --csv and --plot name the same file")
    meaning = options.weights_are or "analytic"
    grouped = options.clusters is not None
    return Choice.of(
        options.cov,
        options.lags,
        meaning,
        options.two_way or "min",
        True if options.small_sample else None,
        options.psd,
        grouped,
    )
