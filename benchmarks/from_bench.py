"""The record that a script of this folder writes from: a saved bench, or one that is run now."""

import subprocess
import sys
import tempfile
from pathlib import Path

from linreg_fast.bench import record


def content(script, *options):
    """The record of the bench.json on the command line, or of a bench with these options.

    script: the module's docstring, shown where the command line says something else.
    """
    arguments = sys.argv[1:]
    if len(arguments) > 1 or any(one.startswith("-") for one in arguments):
        sys.exit(script)
    if arguments:
        return record.loads(Path(arguments[0]).read_text(), arguments[0])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.json"
        command = [sys.executable, "-m", "linreg_fast", "bench", *options, "--json", str(path)]
        done = subprocess.run(command, check=False)
        if done.returncode not in (0, 1) or not path.exists():  # 1: a row is wrong, and shown so
            sys.exit(f"the bench ended with {done.returncode}")
        return record.loads(path.read_text())


def measured_on(found, *names):
    """The machine of a record, in these facts, and how busy it was."""
    facts = found["machine"]
    yield "Measured on: " + ", ".join(f"{name} {facts[name]}" for name in names) + "."
    if found["weather"] and found["weather"]["sentence"]:
        told = found["weather"]["sentence"]
        yield ""
        yield f"{told[:1].upper()}{told[1:]}."
