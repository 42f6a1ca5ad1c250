"""One line of an assembly listing, read: of what kind it is, and what it does.

x86 in AT&T syntax and AArch64, with the labels of ELF and Mach-O. Of an unknown mnemonic it is only
known that it is an instruction.
"""

import re
from dataclasses import dataclass

from linreg_fast.bench import listing_steps

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
    kind: str  # vector, scalar, move, other; label, or note: what is left out
    flops: int = 0
    product: bool = False  # a multiplication, with or without an addition
    spill: bool = False
    prefetch: bool = False
    call: bool = False
    loaded: int = 0  # bytes


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
