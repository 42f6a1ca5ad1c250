"""Running Python programs in processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import linreg_fast

PACKAGE = Path(linreg_fast.__file__).parent
posix = pytest.mark.skipif(os.name != "posix", reason="forks and signals are POSIX's")


def run(*command, timeout=240, cwd=None, **environment):
    environment = os.environ | {"PYTHONWARNINGS": "default"} | environment
    return subprocess.run(
        [sys.executable, *map(str, command)],
        env=environment,
        cwd=cwd,
        timeout=timeout,
        capture_output=True,
        text=True,
    )
