"""Compare this checkout's speed with another's: python benchmarks/pairs.py OTHER [--rounds 5].

For every line of CASES a process of each checkout takes its turn, five times by default, in
alternating order; each compiles into a code cache of its own the first time. Printed are the
ratios of the medians, this checkout's time over the other's (below 1: this one is faster), their
median and their range. Take a quiet machine: two processes of one checkout differ by the noise.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
CASES = (
    ("fit", 442, 10, 0.5),
    ("fit", 10_000, 5, 0.5),
    ("fit", 1_000_000, 10, 1.5),
    ("fit", 1_000_000, 30, 2.0),
    ("fit", 500_000, 100, 3.0),
    ("fit", 20_000, 1000, 3.0),
    ("fit", 10_000_000, 1, 2.0),
    ("mse", 1_000_000, 10, 1.0),
    ("gradient", 1_000_000, 10, 1.0),
    ("moments", 1_000_000, 10, 1.0),
)
CHILD = """
import json, sys, time
import numpy as np
from linreg_fast import LinearRegression, gradient, moments, mse
what, n, p, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
rng = np.random.default_rng(0)
X = rng.standard_normal((n, p)) + 3.0
y = X @ rng.standard_normal(p) + rng.standard_normal(n)
coef, model = np.ones(p), LinearRegression()
call = {
    "fit": lambda: model.fit(X, y),
    "mse": lambda: mse(X, y, coef, 0.5),
    "gradient": lambda: gradient(X, y, coef, 0.5),
    "moments": lambda: moments(X, y, rung="tiled"),
}[what]
for _ in range(3):
    call()
times, begin = [], time.perf_counter()
while time.perf_counter() - begin < seconds and len(times) < 4000:
    start = time.perf_counter()
    call()
    times.append(time.perf_counter() - start)
print(json.dumps(float(np.median(times))))
"""


def timed(checkout, case):
    what, n, p, seconds = case
    cache = Path(checkout) / ".pairs_cache"
    environment = {**os.environ, "PYTHONPATH": str(checkout), "NUMBA_CACHE_DIR": str(cache)}
    command = [sys.executable, "-c", CHILD, what, str(n), str(p), str(seconds)]
    out = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(out.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("other", type=Path, help="another checkout of the package")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", help="a work of CASES: fit, mse, gradient or moments")
    options = parser.parse_args()
    if not (options.other / "linreg_fast").is_dir():
        parser.error(f"{options.other} has no folder linreg_fast: name a checkout")
    print("this / other", HERE, options.other.resolve(), sep="  ")
    for case in CASES:
        if options.only and case[0] != options.only:
            continue
        ratios = []
        for turn in range(options.rounds):
            order = (HERE, options.other.resolve())[:: 1 if turn % 2 else -1]
            times = {checkout: timed(checkout, case) for checkout in order}
            ratios.append(times[HERE] / times[options.other.resolve()])
        what, n, p, _ = case
        middle = statistics.median(ratios)
        print(
            f"{what:9}{n:>11,} x {p:<5}{middle:6.3f}  ({min(ratios):.3f} to {max(ratios):.3f})",
            flush=True,
        )


if __name__ == "__main__":
    main()
