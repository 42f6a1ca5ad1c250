"""The command explain: what the compiler made of a rung, and why it takes the time it takes."""

import json
import sys
import textwrap

from linreg_fast.cli.common import Command, check_writable, count, patience

HELP = "one rung: the way its data took, its hot loop in machine code, LLVM's remarks"
EXAMPLES = """\
  linreg-fast explain gradient tiled
  linreg-fast explain moments tiled --n 20000 --p 40
  linreg-fast explain fit tiled                       the sums of a fit: its moments
  linreg-fast explain mse jit --no-remarks
"""
MOST_LINES = 60
WIDTH = 98  # of the last sentence


def add_options(command):
    command.add_argument(
        "problem",
        metavar="PROBLEM",
        help="mse, gradient, moments; or fit, which is explained by its moments",
    )
    command.add_argument("rung", metavar="RUNG", help="jit, parallel, tiled or compensated")
    command.add_argument("--n", type=count, default=50_000, help="rows (50000)")
    command.add_argument("--p", type=count, default=10, help="columns (10)")
    command.add_argument("--dtype", choices=("float64", "float32"), default="float64")
    command.add_argument("--order", choices=("C", "F"), default="C", help="layout of X (C)")
    command.add_argument(
        "--no-remarks", action="store_true", help="do not compile it again for LLVM's remarks"
    )
    command.add_argument("--json", metavar="FILE", help="also write all of it here")


def run(options):
    if options.json is not None:
        check_writable(options.json)
    import numpy as np

    from linreg_fast.bench.cases import generate
    from linreg_fast.bench.explain import explain
    from linreg_fast.bench.sweep import check_size
    from linreg_fast.data import jsonfile

    check_size(options.n, options.p)
    X, y = (part.astype(options.dtype) for part in generate(options.n, options.p))
    X = np.asfortranarray(X) if options.order == "F" else X
    with patience("compiling, for its source lines and LLVM's remarks"):
        found = explain(options.problem, options.rung, X, y, not options.no_remarks)
    print("\n".join(_in_words(found)))
    print()
    print("\n".join(_listing(found["hot"], sys.stdout.isatty())))
    print("\n".join(_source(found["source"], found["hot"])))
    print()
    print("\n  ".join(textwrap.wrap(found["bound"]["sentence"], WIDTH)))
    if options.json is not None:
        jsonfile.write_text(options.json, json.dumps(found, indent=1))
        print(f"written to {options.json}")
    return 0


def _in_words(found):
    from linreg_fast.wording import amount

    if found["asked"] != found["problem"]:
        yield (
            f"{found['asked']}: what reads the rows are its {found['problem']}, explained here; "
            f"its equations of {found['n_features']} unknowns are solved after that"
        )
    size = f"{found['n_samples']} x {found['n_features']} {found['dtype']}"
    yield f"{found['problem']}, {found['rung']}: {found['idea']}"
    yield f"X is {size}; it goes to {found['way']}: {found['idea of the way']}"
    if found["gain"]:
        yield f"what that bought: {found['gain']}"
    reads = "once" if found["reads"] == 1 else f"{found['reads']} times"
    yield (
        f"expected: {amount(found['bytes'])}B of X and y, X read {reads}; "
        f"{amount(found['flops'])}flop, {found['flops per byte']:.2g} for each byte"
    )


def _listing(hot, coloured):
    """The hot loop's facts, and its lines, told apart by a mark, and by colour on a terminal."""
    if "error" in hot:
        yield f"hot loop: {hot['error']}"
        return
    facts = hot["facts"]
    origin = "the cache" if hot["from cache"] else "the compiler"
    yield f"hot loop of {hot['function']}, from {origin}:"
    yield (
        f"{facts['instructions']} instructions: {facts['vector']} vector, {facts['scalar']} "
        f"scalar, {facts['move']} move, {facts['other']} other; "
        f"{facts['flops per instruction']:.1f} flops for each; {facts['spills']} spills, "
        f"{facts['prefetches']} prefetches, {facts['calls']} calls"
    )
    yield "v: vector, s: scalar, m: move; a spill is a register kept in the cache"
    if hot["loops in it"]:
        yield (
            f"loops along a row in it: {hot['loops in it']}; all its ways are counted, whichever a "
            "row takes"
        )
    if hot["other loops"]:
        yield (
            f"the function has {hot['other loops']} other innermost loops with arithmetic, "
            f"{hot['of them without vectors']} of them without vectors"
        )
    marks = {"vector": "v", "scalar": "s", "move": "m"}
    codes = {"vector": "32", "scalar": "33", "move": "34"}
    for text, kind in hot["lines"][:MOST_LINES]:
        line = f"  {marks.get(kind, ' ')}  {'' if kind == 'label' else '  '}{text}"
        if coloured and kind in codes:
            line = f"\033[{codes[kind]}m{line}\033[0m"
        yield line
    if len(hot["lines"]) > MOST_LINES:
        yield f"     ... {len(hot['lines']) - MOST_LINES} more"


def _said(remarks, written):
    """LLVM's remarks of a line. written: in vectors, which its vectoriser can only leave alone."""
    if written and remarks and all("not vectorized" in remark for remark in remarks):
        return ["leaves it as it is: it is written in vectors"]
    return remarks


def _source(source, hot):
    """The source of the hot loop: instructions of it on each line, LLVM's remarks below."""
    if source.get("error"):
        yield f"\n{source['error']}"
    if not source.get("source"):
        return
    yield f"\n{source['file']}: instructions of the loop, line, source"
    facts = hot.get("facts") or {"vector": 0, "scalar": 1}
    before, written = None, facts["vector"] > 4 * facts["scalar"]
    for line, text, times, remarks in source["source"]:
        if before is not None and line != before + 1:
            yield "     ..."
        before = line
        yield f"{times or '':>5} {line:>4}  {text}"
        for remark in _said(remarks, written):
            yield f"{'':>12}LLVM: {remark}"


def limits_lines():
    """What `info --limits` prints: the most that this machine reads and multiplies in a second."""
    from linreg_fast.bench import limits
    from linreg_fast.bench.accounting import load
    from linreg_fast.wording import amount

    found = limits.of_machine()
    if not found:
        yield "no limits: NUMBA_DISABLE_JIT is set"
        return
    yield f"\n{'':32}{'one core':>12}{'all cores':>12}"
    for what, one, every in found:
        unit = "flop/s" if "flops" in what else "B/s"
        all_of_it = "-" if every is None else f"{amount(every)}{unit}"
        yield f"{what:32}{f'{amount(one)}{unit}':>12}{all_of_it:>14}"
    told = load()
    if told is not None:
        yield f"-: all cores were never seen at work together (load {told:.1f})"


COMMAND = Command("explain", HELP, EXAMPLES, add_options, run)
