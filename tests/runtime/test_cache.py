"""Compiled code on disk: found again, never stale, and harmless whatever happens to it."""

import compileall
import os
import platform
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from processes import PACKAGE, posix, run

# The compiled code of one kernel is enough to see what its cache does.
ONE_KERNEL = textwrap.dedent(
    """
    import numpy as np
    from linreg_fast import mse
    from linreg_fast.kernels.rungs import jit
    found = mse(np.ones((50, 2)), np.zeros(50), [1.0, 2.0], 0.5, rung="jit")
    print(found, sum(jit.mse_rows.stats.cache_hits.values()))
    """
)


@pytest.fixture
def installed(tmp_path):
    """A copy of the package, and a function that runs ONE_KERNEL with it."""
    copy = tmp_path / "site" / "linreg_fast"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    home = tmp_path / "home"
    home.mkdir()

    def start(code=ONE_KERNEL, **environment):
        environment = {
            "PYTHONPATH": str(copy.parent),
            "HOME": str(home),
            "XDG_CACHE_HOME": str(home / "cache"),
            "NUMBA_CACHE_DIR": "",
        } | environment
        return run("-c", code, cwd=home, **environment)

    start.package, start.home, start.tmp_path = copy, home, tmp_path
    return start


def value(done, hits=None):
    """What the kernel found; with whether the code came from the cache."""
    assert done.returncode == 0, done.stderr
    found, from_cache = done.stdout.split()
    if hits is not None:
        assert int(from_cache) == hits, done.stderr
    return float(found)


@pytest.mark.needs_jit
def test_a_second_process_finds_the_code_of_the_first(installed):
    assert value(installed(), hits=0) == 12.25
    done = installed()
    assert value(done, hits=1) == 12.25
    assert "cannot be kept" not in done.stderr


@pytest.mark.slow
@pytest.mark.needs_jit
def test_code_that_others_link_is_found_too(installed):
    """By another caller, which is compiled; a caller that was compiled before wants none of it."""
    begin = """
import numpy as np
from linreg_fast.kernels.arithmetic import doubledouble
from linreg_fast.kernels.systems import small

def tell(number):
    print(number, sum(doubledouble.two_sum.stats.cache_hits.values()))

"""
    again = begin + "tell(small.solve_again(np.ones((4, 2)), np.full((1, 1), 2.0))[0, 0])"
    solve = (
        begin
        + """
found, products = np.empty((2, 1)), np.zeros((2, 2, 2))
products[0] = [[4, 8], [8, 20]]
small.solve(np.zeros((2, 2)), products, found, small.scratch(1))
tell(found[0, 0])
"""
    )
    assert value(installed(again), hits=0) == 2.0
    assert value(installed(solve), hits=1) == 2.0
    assert value(installed(solve), hits=0) == 2.0


def block_folders(installed):
    """Files where the cache's folders would be: nobody, root included, can write there."""
    (installed.package / "__pycache__").write_text("")
    (installed.home / "cache").write_text("")


@pytest.mark.needs_jit
@pytest.mark.parametrize("given", [False, True])
def test_no_folder_can_be_written(installed, given):
    block_folders(installed)
    folder = str(installed.home / "cache" / "below") if given else ""
    done = installed(NUMBA_CACHE_DIR=folder)
    assert value(done, hits=0) == 12.25
    assert done.stderr.count("cannot be kept on disk") == 1


@pytest.mark.slow
@pytest.mark.needs_jit
def test_no_home(installed):
    (installed.package / "__pycache__").write_text("")
    done = installed(HOME="", XDG_CACHE_HOME="")
    assert value(done) == 12.25
    assert not Path("~").exists()


@pytest.mark.slow
@pytest.mark.needs_jit
def test_a_read_only_installation_uses_the_users_folder(installed):
    (installed.package / "__pycache__").write_text("")
    assert value(installed(), hits=0) == 12.25
    assert list((installed.home / "cache").rglob("*.code"))
    assert value(installed(), hits=1) == 12.25


@posix
@pytest.mark.needs_jit
def test_a_full_disk(installed):
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
    done = installed(limit + ONE_KERNEL)
    assert value(done, hits=0) == 12.25
    assert done.stderr.count("cannot be kept on disk") == 1
    assert not list(installed.package.rglob("*.code"))


def damaged(content, damage, rng):
    if damage == "empty":
        return b""
    if damage == "truncated":
        return content[: rng.integers(1, len(content))]
    content = bytearray(content)
    content[rng.integers(len(content))] ^= 1 << rng.integers(8)
    return content


@pytest.mark.needs_jit
@pytest.mark.parametrize(
    "damages",
    [("flipped",), pytest.param(("empty", "truncated", "folder"), marks=pytest.mark.slow)],
)
def test_damaged_files_are_compiled_again(installed, damages, rng):
    """One damage after the other, and each time the files that were written instead."""
    value(installed())
    for damage in damages:
        files = list(installed.package.rglob("*.code"))
        assert files
        for file in files:
            content = file.read_bytes()
            assert content
            file.unlink()
            if damage == "folder":
                file.mkdir()
            else:
                file.write_bytes(damaged(content, damage, rng))
        assert value(installed(), hits=0) == 12.25
    if damage != "folder":
        assert value(installed(), hits=1) == 12.25  # and mended


@pytest.mark.needs_jit
def test_changed_sources_are_never_served_old_code(installed):
    """A callee in another file than its caller, with the size and time that it had."""
    caller = ONE_KERNEL.replace("(50, 2)", "(40_000, 2)").replace("(50)", "(40_000)")
    caller = caller.replace('"jit"', '"parallel"')
    assert value(installed(caller)) == 12.25
    target = installed.package / "kernels" / "rungs" / "jit.py"
    before, text = target.stat(), target.read_text()
    line = "loss += weight * residual * residual"
    changed = text.replace(line, line.replace("*", "+"))
    assert len(changed) == len(text)
    assert changed != text
    target.write_text(changed)
    os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert value(installed(caller)) == 8.0


@pytest.mark.needs_jit
def test_an_edit_while_a_program_runs_does_not_mix_old_code_with_new_sources(installed):
    line = "loss += weight * residual * residual"
    edit = f"""
from pathlib import Path
from linreg_fast.kernels.rungs import jit
file = Path(jit.__file__)
file.write_text(file.read_text().replace("{line}", "{line.replace("*", "+")}"))
"""
    assert value(installed(edit + ONE_KERNEL), hits=0) == 12.25
    assert value(installed(), hits=0) == 8.0


TWO_OF_ONE_NAME = textwrap.dedent(
    """
    import numpy as np
    from linreg_fast.kernels.first import here as a
    from linreg_fast.kernels.second import here as b
    found = a.block(np.ones(3)) + 10 * b.block(np.ones(3))
    print(found, sum(h for k in (a, b) for h in k.block.stats.cache_hits.values()))
    """
)


@pytest.mark.slow
@pytest.mark.needs_jit
def test_two_modules_of_one_base_name_have_code_of_their_own(installed):
    """And a callee in another folder is not served old code."""
    body = """
from linreg_fast.kernels.{other} import {module}
from linreg_fast.runtime.compile import kernel

@kernel
def block(x):
    return {module}.part(x) * {times}
"""
    part = """
from linreg_fast.runtime.compile import kernel_part

@kernel_part
def part(x):
    return x[0] + {more}
"""
    for name, times in (("first", 2.0), ("second", 3.0)):
        folder = installed.package / "kernels" / name
        folder.mkdir()
        (folder / "__init__.py").write_text("")
        (folder / "here.py").write_text(body.format(other="third", module="parts", times=times))
    third = installed.package / "kernels" / "third"
    third.mkdir()
    (third / "__init__.py").write_text("")
    (third / "parts.py").write_text(part.format(more=1))
    assert value(installed(TWO_OF_ONE_NAME), hits=0) == 64.0
    assert value(installed(TWO_OF_ONE_NAME), hits=2) == 64.0
    before = (third / "parts.py").stat()
    (third / "parts.py").write_text(part.format(more=2))
    os.utime(third / "parts.py", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert value(installed(TWO_OF_ONE_NAME), hits=0) == 96.0


@pytest.mark.needs_jit
def test_an_edit_above_leaves_the_code_below_in_the_cache(installed):
    assert value(installed(), hits=0) == 12.25
    with open(installed.package / "kernels" / "descent" / "rules.py", "a") as file:
        file.write("\n# another line\n")
    assert value(installed(), hits=1) == 12.25


@pytest.mark.slow
@pytest.mark.needs_jit
def test_code_of_a_package_in_a_zip_file(installed):
    """It is kept in the user's folder, or in the one that NUMBA_CACHE_DIR names."""
    archive = shutil.make_archive(str(installed.tmp_path / "site"), "zip", installed.package.parent)
    for environment in ({}, {"NUMBA_CACHE_DIR": str(installed.tmp_path / "code")}):
        assert value(installed(PYTHONPATH=archive, **environment), hits=0) == 12.25
        done = installed(PYTHONPATH=archive, **environment)
        assert value(done, hits=1) == 12.25
        assert "cannot be kept" not in done.stderr


@pytest.mark.slow
@pytest.mark.needs_jit
def test_code_without_sources_is_kept(installed):
    """Compiled modules alone, as some images have them."""
    compileall.compile_dir(installed.package, quiet=1, legacy=True)
    for path in installed.package.rglob("*.py"):
        path.unlink()
    assert value(installed(), hits=0) == 12.25
    assert value(installed(), hits=1) == 12.25


@pytest.mark.slow
@pytest.mark.needs_jit
@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="names an x86 processor")
def test_code_for_a_named_processor_has_sizes_of_its_own_whatever_this_machine_has(installed):
    """An image is built on one machine and run on others: the same key must mean the same code."""
    tell = "from linreg_fast.kernels import tuning\nprint(tuning.WIDE)"
    for features, wide in (("", "4"), ("+avx512f", "8")):
        done = installed(tell, NUMBA_CPU_NAME="x86-64-v2", NUMBA_CPU_FEATURES=features)
        assert done.stdout.strip() == wide, done.stderr
    plain = {"NUMBA_CPU_NAME": "x86-64-v2", "NUMBA_CPU_FEATURES": ""}
    assert value(installed(**plain), hits=0) == 12.25
    assert value(installed(**plain), hits=1) == 12.25
    other = installed()
    assert value(other, hits=0) == 12.25
    assert other.stderr.count("is for another processor (x86-64-v2.") == 1
    assert str(installed.package) in other.stderr
    assert "another processor" not in installed().stderr


@pytest.mark.slow
@pytest.mark.needs_jit
def test_many_processes_at_once(installed):
    environment = os.environ | {
        "PYTHONPATH": str(installed.package.parent),
        "HOME": str(installed.home),
        "NUMBA_CACHE_DIR": str(installed.tmp_path / "code"),
    }
    started = [
        subprocess.Popen(
            [sys.executable, "-c", ONE_KERNEL],
            env=environment,
            cwd=installed.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in started:
        out, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        assert out.split()[0] == "12.25"
        assert errors == ""
    assert value(installed(NUMBA_CACHE_DIR=str(installed.tmp_path / "code")), hits=1) == 12.25
