"""The command warmup."""

from linreg_fast.cli.common import Command

EXAMPLES = """\
  linreg-fast warmup
  linreg-fast warmup --order F --weights
  linreg-fast warmup --also inference frames
  NUMBA_CACHE_DIR=/opt/numba linreg-fast warmup --also all      when an image is built
"""


def add_options(command):
    command.add_argument(
        "--dtype", choices=["float64", "float32"], default="float64", help="of the numbers to come"
    )
    command.add_argument(
        "--order", choices="CF", default="C", help="C: rows after rows; F: columns, as in frames"
    )
    command.add_argument("--weights", action="store_true", help="there will be weights")
    command.add_argument(
        "--also",
        nargs="+",
        default=[],
        metavar="PART",
        help="beside fits of arrays: frames, inference, descents, many_fits, sources, or all",
    )


def run(options):
    from linreg_fast.estimators.warmup import warmup
    from linreg_fast.runtime.kept import kept

    before = kept()
    seconds = warmup(options.dtype, options.order, sample_weight=options.weights, also=options.also)
    after = kept()
    print(f"warm after {seconds:.1f} s: {after.files - before.files} functions compiled")
    if after.files:
        size = after.size / 1e6
        print(f"{after.files} functions ({size:.1f} MB) are kept in {', '.join(after.folders)}")
    return 0


COMMAND = Command(
    "warmup",
    "compile ahead of the first fit, to disk: for images and servers",
    EXAMPLES,
    add_options,
    run,
)
