"""What pytest-benchmark stores beside the times: the machine, and the rates of each row."""

import pytest


def pytest_benchmark_update_machine_info(config, machine_info):
    from linreg_fast.bench.machine import machine

    machine_info["linreg_fast"] = machine()


def pytest_benchmark_update_json(config, benchmarks, output_json):
    for entry in output_json["benchmarks"]:
        info, median = entry["extra_info"], entry["stats"]["median"]
        info["gigabytes_per_second"] = info["bytes"] / median / 1e9
        info["gigaflops"] = info["flops"] / median / 1e9


@pytest.fixture(scope="session")
def data():
    """label -> (X, y): the real data, and a generated problem of 1 000 000 numbers."""
    from sklearn.datasets import load_diabetes

    from linreg_fast.bench.cases import generate

    bunch = load_diabetes()
    return {"diabetes": (bunch.data, bunch.target), "generated": generate(100_000, 10)}
