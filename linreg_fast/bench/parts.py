"""Where the time of a row goes, told from what was measured beside it."""

from linreg_fast.bench.cases import bytes_of

SECOND_CACHE = 1 << 20  # bytes: temporaries below are not moved through memory
ONE_CORE = 1.3  # cores kept busy, below which a row counts as one on one thread

# In this order; each is at most what those before have left.
PARTS = ("unavoidable", "one core only", "moved again", "the call", "waiting", "instructions")
MEANING = {
    "unavoidable": "X and y read once, or the multiply-adds, whichever takes longer, on all cores",
    "one core only": "what the other cores could have taken over",
    "moved again": "further reads of X, and temporaries written and read",
    "the call": "what a call on a few rows takes",
    "waiting": "for a core that others use: of a row that was not seen undisturbed",
    "instructions": "the rest: more instructions than needed, latency, waiting",
    "interpreter": "the rest: Python's interpreter and its boxed numbers",
}


def of(seconds, limits, flops, X, y, reads, temporaries, call, cores, waited, interpreted=False):
    """Seconds by part; they add up to the row's. None without limits.

    Parameters
    ----------
    seconds : float
        Of the row, for all rows of X.
    limits : limits.Limits or None
    flops : int
    X, y : arrays
    reads : int
        Times that the row reads X.
    temporaries : int
        Bytes that it holds beside.
    call : float or None
        Its time on a few rows.
    cores : float
        Cores that it kept busy.
    waited : float
        Seconds that its threads waited for a core, where it was not seen undisturbed.
    interpreted : bool
        Whether the rest is Python's.
    """
    if limits is None:
        return None
    least = limits.seconds(flops)
    alone = cores < ONE_CORE
    moved = (reads - 1) * X.nbytes
    moved += 2 * temporaries if temporaries > SECOND_CACHE else 0
    wanted = {
        "unavoidable": least,
        "one core only": limits.seconds(flops, bytes_of(X, y), 1) - least if alone else 0.0,
        "moved again": moved / limits.bytes_per_second(1 if alone else None),
        "the call": call or 0.0,
        "waiting": waited,
    }
    left, found = seconds, {}
    for name, part in wanted.items():
        found[name] = min(max(part, 0.0), left)
        left -= found[name]
    found["interpreter" if interpreted else "instructions"] = left
    return found


def in_words(parts, most=2, least=0.05):
    """The largest parts beside what is unavoidable: ``49% instructions, 20% one core only``."""
    total = sum(parts.values())
    if not total > 0:
        return ""
    shares = sorted(
        ((part / total, name) for name, part in parts.items() if name != "unavoidable"),
        reverse=True,
    )
    said = [f"{_percent(share)} {name}" for share, name in shares[:most] if share >= least]
    return ", ".join(said) or "nearly all unavoidable"


def _percent(share):
    return "over 99%" if share > 0.99 else f"{share:.0%}"
