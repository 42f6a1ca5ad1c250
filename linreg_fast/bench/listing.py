"""An assembly listing, read: functions, innermost loops, the loop that does most of the work."""

import re
from dataclasses import dataclass, field

from linreg_fast.bench import listing_flow, listing_steps
from linreg_fast.bench.listing_lines import JUMP, LABEL, Line, read_line

FUNCTION = re.compile(r'^("[^"]+"|[\w.$@<>,: \-\[\]()*]+):\s*(?:[#;/@].*)?$')
LOCAL = (".L", "L", "ltmp", ".l")
SIZE = 8  # bytes of a column in the loops along a row: coefficients and sums are doubles
MANY_TURNS = 4  # of a loop along a row, with fewer of which the loop around it is shown
LONGEST = 500  # instructions of a loop around others


@dataclass
class Loop:
    """One loop of a listing, read."""

    function: str
    lines: list = field(default_factory=list)
    first: int = 0  # of the function's lines
    last: int = 0
    step: int = 0  # bytes that it moves along its arrays in a turn; 0 where it is not constant
    inside: bool = False  # another loop
    without: tuple = ()  # (first, last) of lines inside that are never run
    within: int = 0  # loops inside that may be run

    @property
    def instructions(self):
        return sum(line.kind not in ("label", "note") for line in self.lines)

    @property
    def work(self):
        """What makes it the hot one: products first. Sums of sums have none."""
        return sum(line.flops for line in self.lines if line.product), self.flops

    @property
    def flops(self):
        return sum(line.flops for line in self.lines)

    def facts(self):
        """Counts by name, and flops for each instruction."""
        kinds = [line.kind for line in self.lines]
        return {
            "instructions": self.instructions,
            **{kind: kinds.count(kind) for kind in ("vector", "scalar", "move", "other")},
            "flops per instruction": self.flops / max(self.instructions, 1),
            "spills": sum(line.spill for line in self.lines),
            "prefetches": sum(line.prefetch for line in self.lines),
            "calls": sum(line.call for line in self.lines),
            "flops": self.flops,
            "products": sum(line.product for line in self.lines),
            "bytes loaded": sum(line.loaded for line in self.lines),
        }


def functions(text):
    """name -> its lines."""
    name, found = None, {}
    for line in text.splitlines():
        head = FUNCTION.match(line)
        if head and not head.group(1).strip('"').startswith(LOCAL):
            name = head.group(1).strip('"')
            found[name] = []
        elif name is not None:
            found[name].append(line)
    return found


def _spans(lines):
    """(first, last) line of each loop: a jump back to its label."""
    labels = {m.group(1): k for k, line in enumerate(lines) if (m := LABEL.match(line))}
    found = set()
    for k, line in enumerate(lines):
        jump = JUMP.match(line)
        if jump and labels.get(jump.group(1), k + 1) <= k:
            found.add((labels[jump.group(1)], k))
    return found


def innermost(lines):
    """(first, last) line of each loop that has no other inside: a jump back to its label."""
    spans = _spans(lines)
    return sorted(
        span
        for span in spans
        if not any(other != span and span[0] <= other[0] and other[1] <= span[1] for other in spans)
    )


def _read(lines, first, last):
    return [one for line in lines[first : last + 1] if (one := read_line(line))]


def loops(text, columns=None):
    """The innermost loops of a listing that do floating-point work, those with most first.

    How often each runs a listing does not tell. columns: loops that take more columns at a time
    are never entered, and count as no loops.
    """
    found = []
    for name, lines in functions(text).items():
        wide = {span: step for span, step in _steps(lines) if columns and step > SIZE * columns}
        kept = [span for span in _spans(lines) if span not in wide]
        for span in kept:
            if not any(_holds(span, other) for other in kept):
                loop = _loop(name, lines, span, wide, columns)
                loop.inside = any(_holds(other, span) for other in kept)
                found.append(loop)
    return sorted((loop for loop in found if loop.flops), key=lambda one: one.work, reverse=True)


def _holds(span, other):
    return other != span and span[0] <= other[0] and other[1] <= span[1]


def _steps(lines):
    """(span, bytes that it moves in a turn) of each innermost loop."""
    for first, last in innermost(lines):
        yield (first, last), listing_steps.step(lines[first : last + 1])


def _loop(name, lines, span, wide, columns):
    """A loop, read without those inside that take too many columns at a time.

    Nor with what leads to them or from them alone, as far as the jumps tell.
    """
    inside = sorted(one for one in wide if _holds(span, one))
    without, read, start = [], [], span[0]
    for first, last in _stretches(listing_flow.never_run(lines, span, inside)):
        count = sum(one.kind != "label" for one in _read(lines, first, last))
        if not count:
            continue
        most = max((wide[one] for one in inside if first <= one[0] <= last), default=0)
        told = f"that take {most // SIZE} columns at a time" if most else "beside such a loop"
        note = Line(f"... {count} instructions {told}: not for {columns}", "note")
        read += [*_read(lines, start, first - 1), note]
        without.append((first, last))
        start = last + 1
    read += _read(lines, start, span[1])
    step = 0 if inside else listing_steps.step(lines[span[0] : span[1] + 1])
    within = {one for one in _spans(lines) if _holds(span, one) and one[0] != span[0]}
    left = [one for one in within if not any(a <= one[0] <= b for a, b in without)]
    return Loop(name, read, *span, step, without=tuple(without), within=len(left))


def _stretches(numbers):
    """(first, last) of each run of numbers that follow each other."""
    found = []
    for k in sorted(numbers):
        if found and found[-1][1] == k - 1:
            found[-1] = found[-1][0], k
        else:
            found.append((k, k))
    return found


def hottest(text, columns=None):
    """The loop over the rows that does most; None where there is none.

    columns: of X, where loops go along a row: where a row is over in a turn or two of the innermost
    one, the loop around it is the one over the rows.
    """
    every = loops(text, columns)
    if columns is None:
        return next(iter(every), None)
    # Along a row goes what is inside the loop over the rows; LLVM has another one for no columns.
    best = next((loop for loop in every if loop.inside), next(iter(every), None))
    if best is not None and best.step and SIZE * columns < MANY_TURNS * best.step:
        return _around(text, best, columns) or best
    return best


def _around(text, loop, columns):
    """The loop around one; None where there is none, or only a long one."""
    lines, span = functions(text)[loop.function], (loop.first, loop.last)
    wide = {span: step for span, step in _steps(lines) if step > SIZE * columns}
    around = [one for one in _spans(lines) if _holds(one, span)]
    if not around:
        return None
    nearest = min(around, key=lambda one: one[1] - one[0])
    # It goes on to its last jump back: behind one of them may lie what a row has left.
    nearest = nearest[0], max(last for first, last in around if first == nearest[0])
    found = _loop(loop.function, lines, nearest, wide, columns)
    return found if found.instructions <= LONGEST else None


def located(text, columns=None):
    """(hottest loop or None, {(file, line): instructions}) of a listing that names its source."""
    files = dict(re.findall(r'\.file\s+(\d+)\s+(?:"[^"]*"\s+)?"([^"]*)"', text))
    best, places, here = hottest(text, columns), {}, None
    if best is None:
        return None, {}
    for k, line in enumerate(functions(text)[best.function]):
        place = re.match(r"\s+\.loc\s+(\d+)\s+(\d+)", line)
        if place:
            here = files.get(place.group(1), place.group(1)), int(place.group(2))
        inside = best.first <= k <= best.last
        inside = inside and not any(first <= k <= last for first, last in best.without)
        if inside and here and (found := read_line(line)) and found.kind != "label":
            places[here] = places.get(here, 0) + 1
    return best, places
