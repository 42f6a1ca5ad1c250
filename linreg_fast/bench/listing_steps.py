"""How far a loop of a listing moves along its arrays in a turn, and what an instruction loads."""

import re

X86_PLACE = re.compile(r"\((%\w+)?(?:,\s*(%\w+)(?:,\s*(\d))?)?\)")
X86_STEP = re.compile(r"^\s+(add|sub)[lq]?\s+\$(-?\d+),\s*(%r\w+)\s*$")
X86_ONE = re.compile(r"^\s+(inc|dec)[lq]?\s+(%r\w+)\s*$")
X86_FURTHER = re.compile(r"^\s+leaq\s+(-?\d+)\((%r\w+)\),\s*(%r\w+)\s*$")
ARM_PLACE = re.compile(r"\[(x\d+)(?:,\s*(x\d+)(?:,\s*lsl #(\d))?)?")
ARM_STEP = re.compile(r"^\s+(add|sub)s?\s+(x\d+),\s*\2,\s*#(\d+)(?:,\s*lsl #(\d+))?\s*$")
ARM_AFTER = re.compile(r"\[(x\d+)\],\s*#(-?\d+)|\[(x\d+),\s*#(-?\d+)\]!")
BYTES = {"x": 16, "y": 32, "z": 64}
ARM_BYTES = {"q": 16, "d": 8, "s": 4, "v": 16}


def step(lines):
    """Bytes that a loop's lines move along an array in a turn: the most of all; 0 if none do."""
    moves, places = {}, []
    for line in (line.split("#")[0] if "%" in line else line for line in lines):
        if "%" in line:
            _x86(line, moves, places)
        else:
            _arm(line, moves, places)
    found = [abs(moves.get(base, 0) + scale * moves.get(index, 0)) for base, index, scale in places]
    return max(found, default=0)


def _x86(line, moves, places):
    if moved := X86_STEP.match(line):
        sign = 1 if moved[1] == "add" else -1
        moves[moved[3]] = moves.get(moved[3], 0) + sign * int(moved[2])
    elif moved := X86_ONE.match(line):
        moves[moved[2]] = moves.get(moved[2], 0) + (1 if moved[1] == "inc" else -1)
    elif (moved := X86_FURTHER.match(line)) and moved[2] == moved[3]:
        moves[moved[3]] = moves.get(moved[3], 0) + int(moved[1])
    elif re.search(r"%[xyz]mm", line) and (place := X86_PLACE.search(line)):
        places.append((place[1], place[2], int(place[3] or 1)))


def _arm(line, moves, places):
    if moved := ARM_STEP.match(line):
        number = int(moved[3]) << int(moved[4] or 0)
        moves[moved[2]] = moves.get(moved[2], 0) + (number if moved[1] == "add" else -number)
    if moved := ARM_AFTER.search(line):
        base, number = (moved[1], moved[2]) if moved[1] else (moved[3], moved[4])
        moves[base] = moves.get(base, 0) + int(number)
    if re.search(r"\b[qdsv]\d+", line) and (place := ARM_PLACE.search(line)):
        places.append((place[1], place[2], 1 << int(place[3] or 0)))


def loaded_x86(name, operands):
    """Bytes that an instruction on vector registers loads from memory; what it stores is none."""
    kind = max(re.findall(r"%([xyz])mm\d+", operands), default=None)
    place = X86_PLACE.search(operands)
    if kind is None or place is None or operands.rstrip().endswith(")"):
        return 0
    if re.search(r"s[sd]$", name) or "{1to" in operands or "broadcast" in name:
        return 4 if name.endswith(("ss", "ps")) else 8
    return BYTES[kind]


def loaded_arm(name, operands):
    """The same of AArch64: ldr, ldp, ldur, ld1."""
    if not name.startswith("ld"):
        return 0
    before = operands.partition("[")[0]
    return sum(ARM_BYTES[kind] for kind in re.findall(r"\b([qdsv])\d+", before))
