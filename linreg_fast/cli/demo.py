"""The command demo."""

from linreg_fast.cli.common import Command, Names, check_picture, check_writable, patience

EXAMPLES = """\
  linreg-fast demo age
  linreg-fast demo diabetes --plot picture.png
"""


def _texts():
    from linreg_fast.datasets import DATASETS

    return DATASETS


def add_options(command):
    command.add_argument("name", metavar="NAME", choices=Names(_texts), help="one of %(choices)s")
    command.add_argument("--plot", metavar="FILE", help="where the picture goes (demo_NAME.png)")
    command.add_argument("--no-plot", action="store_true", help="draw no picture")


def run(options):
    from linreg_fast import datasets, demos

    picture = f"demo_{options.name}.png" if options.plot is None else options.plot
    if options.plot is not None:
        if options.no_plot:
            raise ValueError("--plot and --no-plot contradict each other: give one")
        check_picture(picture)
    elif not options.no_plot:
        check_writable(picture)
    data = datasets.load(options.name)
    with patience("running (the first time, compiling too)"):
        demo = demos.run(data)
    print("\n".join(demos.describe(data, demo)))
    if not options.no_plot:
        from linreg_fast.displays import pictures as plots

        try:
            plots.save_demo(picture, data, demo.model, demo.descent)
        except ImportError as error:
            if options.plot is not None:
                raise
            print(f"\nno picture: {error}")
        else:
            print(f"\npicture written to {picture}")
    return 1 if demo.wrong else 0


COMMAND = Command(
    "demo",
    "a teaching text's run: what it printed and what is true",
    EXAMPLES,
    add_options,
    run,
)
