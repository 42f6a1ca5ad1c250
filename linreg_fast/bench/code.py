"""The hot loops of a record's rungs, in a process of their own: python -m ... FILE, a JSON file."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from linreg_fast.bench import children
from linreg_fast.kernels import KERNELS, RUNGS

PATIENCE = 120.0  # seconds


def main(arguments):
    """Read the tasks from the file, write the answers to it."""
    from linreg_fast.bench import explain
    from linreg_fast.bench.cases import generate

    (path,) = arguments
    answers = []
    for problem, rung, n, p, dtype in json.loads(Path(path).read_text()):
        X, y = (part.astype(dtype) for part in generate(n, p))
        found = explain.explain(problem, rung, X, y, with_remarks=False)
        answers.append({key: found[key] for key in ("problem", "rung", "way", "hot")})
    Path(path).write_text(json.dumps(answers))


def of_tables(tables):
    """[{problem, rung, way, hot}] of the largest table of each problem; [] where it fails."""
    largest: dict[str, dict] = {}
    for table in tables:
        if table["problem"] in KERNELS:
            known = largest.get(table["problem"])
            if known is None or table["n_samples"] > known["n_samples"]:
                largest[table["problem"]] = table
    tasks = [
        (
            problem,
            row["name"],
            min(table["n_samples"], 200_000),
            table["n_features"],
            table["dtype"],
        )
        for problem, table in largest.items()
        for row in table["rows"]
        if row["name"] in RUNGS and row["name"] not in ("loops", "vectorized")
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "code.json"
        path.write_text(json.dumps(tasks))
        try:
            done = children.run(["-m", "linreg_fast.bench.code", str(path)], PATIENCE)
        except subprocess.TimeoutExpired:
            return []
        return json.loads(path.read_text()) if done.returncode == 0 else []


if __name__ == "__main__":
    main(sys.argv[1:])
