"""Whole fits of ours and of the peers, side by side in one run, with the machine's limits.

python benchmarks/speed.py [--readme] [--quick] [N x P ...]

--readme writes the README's table and the picture benchmarks/speed.png. Random normal data with an
offset of 3. All fit in the same rounds, in random order, beside the limits; times are medians of
undisturbed samples, and a fit is checked before it is timed. Without --quick it takes some five
minutes.
"""

import sys
import warnings
from pathlib import Path

import numpy as np
from readme import HERE, write_section

from linreg_fast import LinearRegression
from linreg_fast.bench import limits, verdict
from linreg_fast.bench.cases import flops
from linreg_fast.bench.peers import PEERS, installed
from linreg_fast.bench.rounds import Rounds
from linreg_fast.wording import seconds as written

SHAPES = [(442, 10), (10_000, 5), (10_000_000, 1), (1_000_000, 10), (1_000_000, 30)]
SHAPES += [(500_000, 100), (20_000, 1000)]
TIMED = ("scikit-learn", "Ridge(alpha=1e-12, cholesky)", "numpy normal equations")
TIMED += ("scikit-learn-intelex", "polars-ds")
BY_ROWS = [(n, 10) for n in (100, 1000, 10_000, 100_000, 1_000_000)]
BY_COLUMNS = [(50_000, p) for p in (1, 3, 10, 30, 100, 300)]
BUDGET = 1.5  # seconds of samples for each
SLOWEST = 1.5e10  # n p^2: scikit-learn takes some ten seconds for it


def data(n, p):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, p)) + 3.0
    return X, X @ rng.standard_normal(p) + rng.standard_normal(n)


def ways(X, y):
    """name -> a call that fits; what a library keeps data in is made beforehand."""
    n, p = X.shape
    found = {"linreg_fast": lambda: LinearRegression().fit(X, y)}
    for peer in installed(tuple(peer for peer in PEERS if peer.name in TIMED))[0]:
        if peer.name == "scikit-learn" and n * p * p > SLOWEST:
            continue
        if peer.name == "polars-ds":
            if p <= 100:
                found[peer.name] = _polars_ds(X, y)
        else:
            found[peer.name] = lambda fit=peer.fit: fit(X, y)
    return found


def _polars_ds(X, y):
    import polars
    import polars_ds

    names = [f"x{j}" for j in range(X.shape[1])]
    frame = polars.DataFrame({**dict(zip(names, X.T, strict=True)), "y": y})
    return lambda: frame.select(polars_ds.lin_reg(*names, target="y", add_bias=True))


def measure(shape, budget):
    """(name -> median seconds, the limit's seconds), ours checked against the normal equations."""
    X, y = data(*shape)
    coef = LinearRegression().fit(X, y).coef_
    centred = X - X.mean(axis=0)
    expected = np.linalg.solve(centred.T @ centred, centred.T @ (y - y.mean()))
    del centred
    np.testing.assert_allclose(coef, expected, rtol=1e-7)
    print(f"{shape[0]} x {shape[1]}", file=sys.stderr, flush=True)
    calls, least = ways(X, y), limits.calls(X, y)
    for call in calls.values():
        call()
    rounds = Rounds({**calls, **least}, least).run(budget)
    times = {name: verdict.typical(*rounds.scaled(name)).median for name in calls}
    return times, limits.of(rounds, X, y).seconds(flops("fit", *shape))


def table(shapes, budget):
    """The README's table, in markdown."""
    names = ["linreg_fast", *TIMED]
    lines = [
        "| n x p | " + " | ".join(names) + " | times the best peer | of the limit |",
        "|---|" + "---:|" * (len(names) + 2),
    ]
    for n, p in shapes:
        times, limit = measure((n, p), budget)
        ours = times["linreg_fast"]
        best = min(value for name, value in times.items() if name != "linreg_fast")
        cells = [written(times[name]) if name in times else "" for name in names]
        size = f"{n:,} x {p}".replace(",", " ")
        end = f" | {best / ours:.1f} | {limit / ours:.0%} |"
        lines.append(f"| {size} | " + " | ".join(cells) + end)
    return "\n".join(lines)


def picture(path, budget):
    """Time against rows and against columns, for ours and the peers."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(10, 4.2), sharey=True, layout="constrained")
    for axis, shapes, which, label in (
        (axes[0], BY_ROWS, 0, "rows (10 columns)"),
        (axes[1], BY_COLUMNS, 1, f"columns ({BY_COLUMNS[0][0]:,} rows)".replace(",", " ")),
    ):
        measured = [measure(shape, budget)[0] for shape in shapes]
        for name in ["linreg_fast", *TIMED]:
            points = [
                (shape[which], 1e3 * times[name])
                for shape, times in zip(shapes, measured, strict=True)
                if name in times
            ]
            ours = name == "linreg_fast"
            axis.loglog(
                *zip(*points, strict=True),
                marker="o",
                markersize=5 if ours else 3,
                linewidth=2.5 if ours else 1.2,
                color="black" if ours else None,
                label=name,
                zorder=3 if ours else 2,
            )
        axis.set_xlabel(label)
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("median time of a fit, ms")
    axes[0].legend(fontsize=8)
    figure.suptitle("Whole fits, one run on one machine")
    figure.savefig(path, dpi=110)


def main(arguments):
    warnings.simplefilter("ignore")
    budget = 0.3 if "--quick" in arguments else BUDGET
    given = [a for a in arguments if not a.startswith("--")]
    shapes = [tuple(int(part) for part in a.split("x")) for a in given] or SHAPES
    found = table(shapes, budget)
    print(found)
    if "--readme" in arguments:
        write_section("speed", found)
        picture(Path(HERE) / "speed.png", budget / 3)


if __name__ == "__main__":
    main(sys.argv[1:])
