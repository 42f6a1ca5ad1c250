"""Which lines of a loop are never run, where loops inside it are never entered."""

from linreg_fast.bench.listing_lines import JUMP, LABEL

ALWAYS = ("jmp", "b", "ret", "retq")  # what follows is not reached from here
OUTSIDE = -1


def never_run(lines, span, wide):
    """Line numbers of a span that only loops of `wide` lead to, or that only lead to those.

    Parameters
    ----------
    lines : list of str
        Of the function.
    span : (first, last)
        The loop, by the numbers of its lines.
    wide : iterable of (first, last)
        Loops inside that are never entered.
    """
    blocks = _blocks(lines, span)
    after = {first: _after(lines, first, last, blocks) for first, last in blocks.items()}
    # Whoever jumps into the loop from outside does not come from a block of it.
    entered = {span[0]} | {
        place
        for k, line in enumerate(lines)
        if not span[0] <= k <= span[1] and (place := _target(lines, line)) in blocks
    }
    dead = {first for first in blocks if any(a <= first <= b for a, b in wide)}
    while True:
        alive = set(blocks) - dead
        reached = entered.union(*(after[first] for first in alive))
        more = {
            first
            for first in alive - {span[0]}
            if first not in reached or (after[first] and after[first] <= dead)
        }
        if not more:
            return {k for first in dead for k in range(first, blocks[first] + 1)}
        dead |= more


def _blocks(lines, span):
    """first -> last line of each stretch that is run as a whole: no label or jump is within."""
    found, start = {}, span[0]
    for k in range(span[0], span[1] + 1):
        if LABEL.match(lines[k]) and k > start:
            found[start], start = k - 1, k
        if JUMP.match(lines[k]):
            found[start], start = k, k + 1
    if start <= span[1]:
        found[start] = span[1]
    return found


def _target(lines, line):
    """The line that a jump goes to, or None."""
    jump = JUMP.match(line)
    if jump is None:
        return None
    name = f"{jump.group(1)}:"
    return next((k for k, other in enumerate(lines) if other.startswith(name)), None)


def _after(lines, first, last, blocks):
    """First lines of the blocks that may come next; OUTSIDE for all beyond."""
    words = lines[last].split()
    found = set()
    if not words or words[0] not in ALWAYS:
        found.add(last + 1 if last + 1 in blocks else OUTSIDE)
    if JUMP.match(lines[last]):
        place = _target(lines, lines[last])
        found.add(place if place in blocks else OUTSIDE)
    return found
