"""An assembly listing, read: functions, innermost loops, what kind each line is.

x86 in AT&T syntax and AArch64, with the labels of ELF and Mach-O. Of an unknown mnemonic it is only
known that it is an instruction.
"""

import re
from dataclasses import dataclass, field

from linreg_fast.bench import listing_steps

FUNCTION = re.compile(r'^("[^"]+"|[\w.$@<>,: \-\[\]()*]+):\s*(?:[#;/@].*)?$')
LOCAL = (".L", "L", "ltmp", ".l")
LABEL = re.compile(r"^(\.?L\w+):")
JUMP = re.compile(
    r"^\s+(?:j\w+|b(?:\.\w+)?|cbn?z\s+\w+,|tbn?z\s+\w+,\s*#\d+,)\s*(\.?L\w+)\s*(?:[#;/].*)?$"
)
INSTRUCTION = re.compile(r"^\s+([a-z][\w.]*)\s*([^#\n]*)")
SIZE = 8  # bytes of a column in the loops along a row: coefficients and sums are doubles
MANY_TURNS = 4  # of a loop along a row, with fewer of which the loop around it is shown
LONGEST = 500  # instructions of a loop around others
LANES = {"xmm": 16, "ymm": 32, "zmm": 64}  # bytes

X86_FMA = re.compile(r"^vf(?:n?m(?:add|sub)|maddsub|msubadd)\d{3}([ps])([sd])$")
X86_ARITHMETIC = re.compile(r"^v?(?:add|sub|mul|div|sqrt|max|min)([ps])([sd])$")
X86_MOVE = re.compile(
    r"^v?(?:mov|lddq|broadcast|unpck|shuf|perm|blend|insert|extract|gather|pbroadcast|punpck|pshuf)"
)
ARM_FMA = {"fmla", "fmls", "fmadd", "fmsub", "fnmadd", "fnmsub"}
ARM_ARITHMETIC = {"fadd", "fsub", "fmul", "fdiv", "fsqrt", "fmax", "fmin", "fnmul"}
ARM_MOVE = {"ldr", "ldp", "ldur", "ld1", "ld1r", "ld2", "ldnp", "str", "stp", "stur", "st1", "stnp"}
ARM_MOVE |= {"mov", "fmov", "dup", "ins", "zip1", "zip2", "uzp1", "uzp2", "trn1", "trn2", "ext"}
ARM_VECTOR = re.compile(r"\bv\d+\.(\d+)([bhsd])\b")


@dataclass
class Line:
    """One instruction of a listing."""

    text: str
    kind: str  # vector, scalar, move, other; label, or note: what is left out
    flops: int = 0
    product: bool = False  # a multiplication, with or without an addition
    spill: bool = False
    prefetch: bool = False
    call: bool = False
    loaded: int = 0  # bytes


@dataclass
class Loop:
    """One loop of a listing, read."""

    function: str
    lines: list = field(default_factory=list)
    first: int = 0  # of the function's lines
    last: int = 0
    step: int = 0  # bytes that it moves along its arrays in a turn; 0 where it is not constant
    inside: bool = False  # another loop
    without: tuple = ()  # (first, last) of loops inside that are never entered

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


def read_line(line):
    """The `Line`, or None for what is neither an instruction nor a label."""
    if LABEL.match(line):
        return Line(line.partition(":")[0] + ":", "label")
    found = INSTRUCTION.match(line)
    if found is None or found.group(1).startswith("."):
        return None
    name, operands = found.groups()
    operands = operands.partition(" //")[0].partition(" ;")[0].strip()
    text = f"{name} {operands}".strip()
    if "%" in operands or name.startswith(("v", "prefetch", "j", "call")):
        return _x86(name, operands, text)
    return _arm(name, operands, text)


def _x86(name, operands, text):
    fma, arithmetic = X86_FMA.match(name), X86_ARITHMETIC.match(name)
    on_stack = bool(re.search(r"\(%r[sb]p[,)]", operands))
    if fma or arithmetic:
        packed, size = (fma or arithmetic).groups()
        widest = max(re.findall(r"%([xyz]mm)\d+", operands), default="xmm")
        lanes = LANES[widest] // (8 if size == "d" else 4) if packed == "p" else 1
        kind = "vector" if packed == "p" else "scalar"
        product = bool(fma) or "mul" in name
        loaded = listing_steps.loaded_x86(name, operands)
        return Line(text, kind, lanes * (2 if fma else 1), product, on_stack, loaded=loaded)
    if name.startswith("prefetch"):
        return Line(text, "move", prefetch=True)
    if X86_MOVE.match(name):
        vector = re.search(r"%[xyz]mm", operands) is not None
        spill = on_stack and (vector or name.startswith("mov"))
        return Line(text, "move", spill=spill, loaded=listing_steps.loaded_x86(name, operands))
    return Line(text, "other", call=name.startswith("call"))


def _arm(name, operands, text):
    on_stack = bool(re.search(r"\[(?:sp|x29)\b", operands))
    if name in ARM_FMA or name in ARM_ARITHMETIC:
        shape = ARM_VECTOR.search(operands)
        lanes = int(shape.group(1)) if shape else 1
        product = name in ARM_FMA or "mul" in name
        kind = "vector" if shape else "scalar"
        return Line(text, kind, lanes * (2 if name in ARM_FMA else 1), product)
    if name == "prfm":
        return Line(text, "move", prefetch=True)
    if name in ARM_MOVE:
        loaded = listing_steps.loaded_arm(name, operands)
        return Line(text, "move", spill=on_stack, loaded=loaded)
    return Line(text, "other", call=name in ("bl", "blr"))


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
    """A loop, read without those inside that take too many columns at a time."""
    skipped, read, start = sorted(one for one in wide if _holds(span, one)), [], span[0]
    for first, last in skipped:
        count = sum(one.kind != "label" for one in _read(lines, first, last))
        told = f"... {count} instructions that take {wide[first, last] // SIZE} columns at a time: "
        read += [*_read(lines, start, first - 1), Line(f"{told}not for {columns}", "note")]
        start = last + 1
    read += _read(lines, start, span[1])
    step = 0 if skipped else listing_steps.step(lines[span[0] : span[1] + 1])
    return Loop(name, read, *span, step, without=tuple(skipped))


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
