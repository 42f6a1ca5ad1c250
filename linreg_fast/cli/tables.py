"""The options of commands that read a table, and the reading."""

from linreg_fast.cli.common import patience

DATA_HELP = (
    "CSV in any usual form, .gz and the like too; Parquet, Feather and .zst with the extra "
    "'arrow'; - for standard input"
)


def add_reading(command, missing):
    """How the table is written. missing: what `--missing drop` does with a row."""
    form = command.add_argument_group("how the table is written")
    form.add_argument(
        "--delimiter", help="default: found from the first rows (, ; | tab or blanks)"
    )
    form.add_argument("--decimal", choices=(".", ","), help="default: found from the first rows")
    form.add_argument("--encoding", help="default: UTF-8 or UTF-16, other letters as Windows has")
    form.add_argument(
        "--missing",
        choices=("drop", "raise"),
        default="drop",
        help=f"of rows with gaps: drop (default) {missing}, raise stops",
    )


def add_columns(command, required=True):
    """Which columns are taken for what."""
    columns = command.add_argument_group(
        "which columns", 'names are separated by commas; "a name, with a comma" stands in quotes'
    )
    columns.add_argument("--target", required=required, help="the column to explain")
    columns.add_argument(
        "--features",
        action="append",
        help="columns to explain it by; default: all others that hold numbers",
    )
    columns.add_argument("--exclude", action="append", help="columns to leave out")
    columns.add_argument(
        "--categorical", action="append", help="columns of groups, as zeros and ones"
    )


def add_weights(command):
    command.add_argument("--weights", help="a column of row weights, 0 or more")


def options_of_text(options):
    """How a text table is written, as `sources.table.open_table` has it."""
    return {name: getattr(options, name) for name in ("delimiter", "decimal", "encoding")}


def opened(options):
    """The table of the options, its schema known."""
    from linreg_fast.sources.table import open_table

    return open_table(options.data, **options_of_text(options))


def refuse_empty_names(options):
    for name in ("target", "weights"):
        if getattr(options, name, None) == "":
            raise ValueError(f"--{name} names no column")


def read_rows(options):
    """The `Rows` that a fit by these options uses."""
    from linreg_fast.sources.selection import Selection

    refuse_empty_names(options)
    with patience(f"reading {options.data}"), opened(options) as source:
        rows = Selection(
            source,
            options.target,
            options.features,
            getattr(options, "weights", None),
            options.exclude or (),
            options.categorical or (),
            options.missing,
            getattr(options, "clusters", None) or (),
        ).read()
    if rows.y[0] == rows.y[-1] and (rows.y == rows.y[0]).all():
        refuse_constant(source.path, options.target, rows.y[0], len(rows.y), rows.read)
    return rows


def refuse_constant(path, target, value, used, read):
    """Raise for a target that is one number in all rows used, of all that were read."""
    gaps = read - used
    left_out = f" that are left ({gaps} {'has' if gaps == 1 else 'have'} a missing value)"
    left_out = left_out if gaps else ""
    raise ValueError(
        f"{path}: --target {target!r} is {value:g} in all {used} rows{left_out}: there is nothing "
        "to explain"
    )
