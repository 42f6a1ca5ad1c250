"""Web servers and event loops that are no dependency of the tests: skipped where they are missing.

pip install 'linreg_fast[hosts]' installs them; uWSGI is compiled then.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import pytest
from processes import PACKAGE, posix, run

APPLICATION = Path(__file__).with_name("wsgi_app.py")
REQUESTS = 1000
pytestmark = [pytest.mark.slow, posix]


def found_first():
    """The package that is tested, whatever the folder."""
    path = os.pathsep.join([str(PACKAGE.parent), os.environ.get("PYTHONPATH", "")])
    return {"PYTHONPATH": path}


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def uwsgi():
    """The program: beside this Python, or where PYTHONPATH has its package, or on the path."""
    places = [Path(sys.executable).parent, *(Path(path or ".") / "bin" for path in sys.path)]
    return shutil.which("uwsgi", path=os.pathsep.join([*map(str, places), os.environ["PATH"]]))


@pytest.mark.needs_jit
@pytest.mark.parametrize("options", [(), ("--enable-threads", "--threads", "3"), ("--lazy-apps",)])
def test_uwsgi_serves_a_thousand_requests_and_loses_no_worker(options, tmp_path):
    program = uwsgi()
    if program is None:
        pytest.skip("uWSGI is not installed")
    port, log = free_port(), tmp_path / "log"
    command = [program, "--http", f"127.0.0.1:{port}", "--wsgi-file", str(APPLICATION)]
    command += ["--master", "--processes", "3", "--home", sys.prefix, "--logto", str(log)]
    server = subprocess.Popen([*command, *options], env=os.environ | found_first(), cwd=tmp_path)

    def ask(k):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/?{k % 4}", timeout=60) as answer:
            return answer.read().decode().split()

    try:
        wait_for(port, server, log)
        with ThreadPoolExecutor(6) as clients:
            found = list(clients.map(ask, range(REQUESTS)))
    finally:
        stop(server)
    text = log.read_text(errors="replace")
    assert all(same == "True" for _, _, same in found), text[-2000:]
    assert len({bits for _, bits, _ in found}) == 4
    workers = {process for process, _, _ in found}
    assert 1 <= len(workers) <= 3, text[-2000:]
    assert "died" not in text
    assert "respawned" not in text


def wait_for(port, server, log):
    for _ in range(1200):
        assert server.poll() is None, log.read_text(errors="replace")[-2000:]
        if "spawned uWSGI worker 3" in (log.read_text(errors="replace") if log.exists() else ""):
            with socket.socket() as found:
                if found.connect_ex(("127.0.0.1", port)) == 0:
                    return
        time.sleep(0.1)
    pytest.fail("the server did not come up")


def stop(server):
    """Ask it to end, its workers too: SIGINT is uWSGI's own way."""
    server.send_signal(signal.SIGINT)
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        server.kill()


GEVENT = textwrap.dedent(
    """
    import sys
    from gevent import monkey
    if "patched" in sys.argv:
        monkey.patch_all()
    import gevent
    import numpy as np
    from gevent.threadpool import ThreadPool
    from linreg_fast import mse

    X, y = np.ones((50, 2)), np.zeros(50)
    call = lambda k: mse(X, y, [1.0, 2.0], 0.5, rung=("jit", "tiled")[k % 2])
    if "pool" in sys.argv:
        found = ThreadPool(8).map(call, range(16))
    else:
        jobs = [gevent.spawn(call, k) for k in range(16)]
        gevent.joinall(jobs)
        found = [job.value for job in jobs]
    assert found == [12.25] * 16, found
    """
)


@pytest.mark.needs_jit
@pytest.mark.parametrize("patched", ["patched", "plain"])
@pytest.mark.parametrize("where", ["pool", "greenlets"])
def test_first_fits_at_once_under_gevent(patched, where, tmp_path):
    """Nothing is compiled before: threads of the pool wait for the one that compiles."""
    if find_spec("gevent") is None:
        pytest.skip("gevent is not installed")
    environment = {"NUMBA_CACHE_DIR": str(tmp_path / "code")} | found_first()
    done = run("-c", GEVENT, patched, where, timeout=100, cwd=tmp_path, **environment)
    assert done.returncode == 0, done.stderr
