"""The command moments."""

from linreg_fast.cli import streaming
from linreg_fast.cli.common import Command, check_writable, patience
from linreg_fast.cli.tables import DATA_HELP, add_columns, add_reading, add_weights

EXAMPLES = """\
  linreg-fast moments january.csv --target fare --out january.json
  linreg-fast moments 'trips/*.parquet' --target fare --features miles,minutes --out trips.json
"""


def add_options(command):
    command.add_argument("data", metavar="DATA", nargs="+", help=DATA_HELP + streaming.MANY_HELP)
    add_columns(command)
    add_weights(command)
    command.add_argument("--out", metavar="FILE", required=True, help="the JSON file to write")
    add_reading(command, "leaves them out and says how many")


def run(options):
    from linreg_fast.cli.named_moments import NamedMoments
    from linreg_fast.data.gate import listed
    from linreg_fast.kernels import RUNGS
    from linreg_fast.sources.summing import summed

    streaming.refuse(options, ["categorical"])
    check_writable(options.out, *options.data)
    told = streaming.Told("looking at the files")
    with patience(told):
        stream = streaming.opened(options)
        told.total = stream.rows
        found, reading = summed(stream, RUNGS["compensated"], options.missing, told)
    *features, target = stream.names[: stream.n_features + 1]
    NamedMoments(found, features, target).save(options.out)
    print(f"moments of {target} by {listed(features)}")
    print(f"read       {reading}")
    print(f"written to {options.out}")
    return 0


COMMAND = Command(
    "moments",
    "sum tables up for later: a small file, which merge adds to others and fits",
    EXAMPLES,
    add_options,
    run,
)
