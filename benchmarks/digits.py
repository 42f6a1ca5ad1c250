"""Correct digits on NIST's linear regression problems: ours and each installed peer's.

python benchmarks/digits.py            print the table
python benchmarks/digits.py --readme   and write it into the README
"""

import argparse
import sys
import warnings
from importlib import metadata
from pathlib import Path

import numpy as np
from readme import write_section

from linreg_fast.bench.peers import OURS, PEERS, installed

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from oracles.reference import NAMES, digits, load_nist

SHORT = {name: name.replace("Wampler", "W") for name in NAMES}


def measure(peer, problem):
    """Digits of the worst coefficient; 0 where there is no answer or none is right."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = peer.fit(problem.X, problem.y, problem.fit_intercept)
    if not np.isfinite(found).all():
        return 0.0
    return max(digits(found, problem.truth), 0.0)


def table():
    """Lines of markdown."""
    problems = [load_nist(name) for name in NAMES]
    yield f"| | {' | '.join(SHORT.values())} |"
    yield "|---|" + "---:|" * len(NAMES)
    missing = installed(PEERS)[1]
    if missing:
        print(f"not installed, left out: {', '.join(missing)}", file=sys.stderr)
    for peer in [*OURS, *installed(PEERS)[0]]:
        found = (measure(peer, problem) for problem in problems)
        yield f"| {peer.name} | {' | '.join(f'{value:.1f}' for value in found)} |"
    ceilings = (min(problem.ceiling, 16.0) for problem in problems)
    yield f"| *what float64 input allows* | {' | '.join(f'*{c:.1f}*' for c in ceilings)} |"


def versions():
    names = ("scikit-learn", "numpy", "statsmodels", "scikit-learn-intelex", "polars-ds")
    for name in (*names, "polars-ols"):
        try:
            yield f"{name} {metadata.version(name)}"
        except metadata.PackageNotFoundError:
            continue


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--readme", action="store_true", help="write the table into the README")
    arguments = parser.parse_args()
    text = "\n".join([*table(), "", f"With {', '.join(versions())}."])
    print(text)
    if arguments.readme:
        write_section("digits", text)
