"""Floor 5: every rung and every solver behind one table, each checked before it is timed.

`compare` does from Python what ``linreg-fast bench`` does on the command line.
"""

__all__ = ["compare"]


def __getattr__(name):
    if name == "compare":  # what it takes is imported when it is asked for
        from linreg_fast.bench.comparison import compare

        return compare
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
