"""Where the numbers of one of many fits stand, and what becomes of it."""

# What becomes of a fit.
SOLVED, LEFT, EXTREME, TOO_FEW = 0, 1, 2, 3
# Where the numbers of a fit stand.
INTERCEPT, INTERCEPT_ERROR, SSE, TSS, CONDITION, RANK, SAMPLES = range(7)
NUMBERS = 7

SURE = 1e-2  # what rounding may do to the smallest singular value, at most
