"""The command groups."""

import time

from linreg_fast.cli.common import Command, check_writable, count, for_a_reader, patience
from linreg_fast.cli.tables import (
    DATA_HELP,
    add_columns,
    add_reading,
    add_weights,
    options_of_text,
    refuse_empty_names,
)

SEVERAL = "; several files, a folder or a 'pattern*.parquet' are one table"
SHOWN_GROUPS, SHOWN_FEATURES = 10, 6

EXAMPLES = """\
  linreg-fast groups houses.csv --target price --by city
  linreg-fast groups houses.csv --target price --by city,year --features area,rooms
  linreg-fast groups houses.parquet --target price --by city --out coefs.parquet
  linreg-fast groups 'sales-*.parquet' --target price --by shop --weights sold --missing raise
  linreg-fast groups houses.csv --target price --by city --min-samples 10 --out - > coefs.csv
"""


def add_options(command):
    command.add_argument("data", metavar="DATA", nargs="+", help=DATA_HELP + SEVERAL)
    command.add_argument(
        "--by",
        action="append",
        required=True,
        help="columns whose values, text or numbers, say which group a row is of",
    )
    add_columns(command)
    add_weights(command)
    command.add_argument("--no-intercept", action="store_true", help="lines through the origin")
    command.add_argument(
        "--min-samples",
        type=count,
        metavar="K",
        help="groups of fewer rows get no line (default: every group gets one)",
    )
    command.add_argument(
        "--out",
        metavar="FILE",
        help="write a row a group: .parquet, .feather, .json or CSV; - for CSV on the screen",
    )
    add_reading(command, "leaves them out and says how many")


def run(options):
    from linreg_fast.cli import group_tables
    from linreg_fast.many_fits.given import of_rows
    from linreg_fast.many_fits.groups import fit_rows

    to_screen = options.out == "-"
    if options.out is not None and not to_screen:
        check_writable(options.out, *inputs_of(options.data))
        group_tables.check_kind(options.out)
    rows, keys, names = read(options)
    started = time.perf_counter()
    with patience("fitting (the first time, compiling too)"):
        given = of_rows(rows, keys, names)
        fits = fit_rows(given, not options.no_intercept, options.min_samples or 1)
    taken = time.perf_counter() - started
    if to_screen:
        with for_a_reader():
            print(group_tables.as_csv(fits), end="")
        return 0
    if options.out:
        with patience("writing"):
            group_tables.save(options.out, fits)
    with for_a_reader():
        report(fits, options, rows, taken)
    return 0


def inputs_of(data):
    """The files that are read."""
    from linreg_fast.sources.paths import find_files

    return [file.path for file in find_files(data) if file.path != "-"]


def read(options):
    """(the `Rows`, columns of keys, their names) that the options ask for."""
    from linreg_fast.cli import streaming
    from linreg_fast.many_fits.files import open_files
    from linreg_fast.many_fits.rows_by_keys import rows_by_keys

    refuse_empty_names(options)
    told = f"{len(options.data)} files" if len(options.data) > 1 else options.data[0]
    streaming.are_many(options)  # of one file it makes a path
    files = open_files(options.data, **options_of_text(options))
    with patience(f"reading {told}"), files as source:
        found = rows_by_keys(
            source,
            options.target,
            options.by,
            options.features,
            options.weights,
            options.missing,
            exclude=options.exclude or (),
            categorical=options.categorical or (),
        )
    if not found[1]:
        raise ValueError("--by names no column")
    return found


def report(fits, options, rows, taken):
    """The first groups as a table, and how many there are, in a sentence."""
    from linreg_fast.cli import group_tables
    from linreg_fast.data.gate import listed
    from linreg_fast.sources.names import counted

    print("\n".join(group_tables.head(fits, SHOWN_GROUPS, SHOWN_FEATURES)))
    more = len(fits) - SHOWN_GROUPS
    if more > 0:
        print(f"... and {counted(more, 'group')} more{'' if options.out else ' (--out FILE)'}")
    print()
    left_out = rows.read - len(rows.y)
    lines = counted(int((fits.rank >= 0).sum()), "line")
    also = f" ({left_out} left out for missing values)" if left_out else ""
    print(
        f"{lines} of {options.target!r} by {listed(fits.key_names)}, "
        f"each of {counted(fits.n_features, 'feature')}, from {counted(len(rows.y), 'row')}{also}, "
        f"in {taken * 1e3:.1f} ms, compiling or loading the kernels included"
    )
    for sentence in group_tables.shortfalls(fits):
        print(sentence)
    if options.out:
        print(f"written to {options.out}")


COMMAND = Command(
    "groups",
    "fit a line for each group of a table's rows: a row of coefficients a group",
    EXAMPLES,
    add_options,
    run,
)
