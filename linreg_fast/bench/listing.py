"""An assembly listing, read: functions, innermost loops, what kind each line is.

x86 in AT&T syntax and AArch64, with the labels of ELF and Mach-O. Of an unknown mnemonic it is only
known that it is an instruction.
"""

import re
from dataclasses import dataclass, field

FUNCTION = re.compile(r'^("[^"]+"|[\w.$@<>,: \-\[\]()*]+):\s*(?:[#;/@].*)?$')
LOCAL = (".L", "L", "ltmp", ".l")
LABEL = re.compile(r"^(\.?L\w+):")
JUMP = re.compile(
    r"^\s+(?:j\w+|b(?:\.\w+)?|cbn?z\s+\w+,|tbn?z\s+\w+,\s*#\d+,)\s*(\.?L\w+)\s*(?:[#;/].*)?$"
)
INSTRUCTION = re.compile(r"^\s+([a-z][\w.]*)\s*([^#\n]*)")
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
    kind: str  # vector, scalar, move, other, or label
    flops: int = 0
    spill: bool = False
    prefetch: bool = False
    call: bool = False


@dataclass
class Loop:
    """One loop of a listing, read."""

    function: str
    lines: list = field(default_factory=list)

    @property
    def instructions(self):
        return sum(line.kind != "label" for line in self.lines)

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


def innermost(lines):
    """(first, last) line of each loop that has no other inside: a jump back to its label."""
    labels = {m.group(1): k for k, line in enumerate(lines) if (m := LABEL.match(line))}
    spans = set()
    for k, line in enumerate(lines):
        jump = JUMP.match(line)
        if jump and labels.get(jump.group(1), k + 1) <= k:
            spans.add((labels[jump.group(1)], k))
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
        return Line(text, kind, lanes * (2 if fma else 1), on_stack)
    if name.startswith("prefetch"):
        return Line(text, "move", prefetch=True)
    if X86_MOVE.match(name):
        vector = re.search(r"%[xyz]mm", operands) is not None
        return Line(text, "move", spill=on_stack and (vector or name.startswith("mov")))
    return Line(text, "other", call=name.startswith("call"))


def _arm(name, operands, text):
    on_stack = bool(re.search(r"\[(?:sp|x29)\b", operands))
    if name in ARM_FMA or name in ARM_ARITHMETIC:
        shape = ARM_VECTOR.search(operands)
        lanes = int(shape.group(1)) if shape else 1
        return Line(text, "vector" if shape else "scalar", lanes * (2 if name in ARM_FMA else 1))
    if name == "prfm":
        return Line(text, "move", prefetch=True)
    if name in ARM_MOVE:
        return Line(text, "move", spill=on_stack)
    return Line(text, "other", call=name in ("bl", "blr"))


def loops(text):
    """The innermost loops of a listing that do floating-point work, those with most first.

    How often each runs a listing does not tell.
    """
    found = []
    for name, lines in functions(text).items():
        for first, last in innermost(lines):
            read = [one for line in lines[first : last + 1] if (one := read_line(line))]
            found.append(Loop(name, read))
    return sorted((loop for loop in found if loop.flops), key=lambda loop: -loop.flops)


def hottest(text):
    """Of all innermost loops of a listing the one with most floating-point work; or None."""
    return next(iter(loops(text)), None)


def located(text):
    """(hottest loop or None, {(file, line): instructions}) of a listing that names its source."""
    files = dict(re.findall(r'\.file\s+(\d+)\s+(?:"[^"]*"\s+)?"([^"]*)"', text))
    best, places = hottest(text), {}
    if best is None:
        return None, {}
    for name, lines in functions(text).items():
        if name != best.function:
            continue
        for first, last in innermost(lines):
            part = lines[first : last + 1]
            read = [found for line in part if (found := read_line(line))]
            if [line.text for line in read] != [line.text for line in best.lines]:
                continue
            here = None
            for line in part:
                place = re.match(r"\s+\.loc\s+(\d+)\s+(\d+)", line)
                if place:
                    here = files.get(place.group(1), place.group(1)), int(place.group(2))
                elif here and (found := read_line(line)) and found.kind != "label":
                    places[here] = places.get(here, 0) + 1
            return best, places
    return best, places
