"""A small application for a web server: it fits before the server forks, and at each request.

Answers with the process id and, in hexadecimal, the bits of the coefficients and predictions.
"""

import os

import numpy as np

from linreg_fast import LinearRegression

SHAPES = [(80_000, 6), (3_000, 90), (60, 3), (442, 10)]


def answer(which):
    rng = np.random.default_rng(which)
    n, p = SHAPES[which]
    X = rng.normal(3, 1, (n, p))
    model = LinearRegression().fit(X, (X * np.arange(1.0, p + 1)).sum(axis=1) + rng.normal(size=n))
    return np.append(model.coef_, model.predict(X)[::100]).tobytes().hex()


EXPECTED = [answer(which) for which in range(len(SHAPES))]  # on threads, in the parent


def application(environment, start_response):
    which = int(environment["QUERY_STRING"])
    found = answer(which)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{os.getpid()} {found} {found == EXPECTED[which]}".encode()]
