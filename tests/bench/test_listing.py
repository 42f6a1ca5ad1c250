"""Listings that are given, of x86 (ELF and Mach-O) and AArch64: loops and kinds of lines."""

import pytest

from linreg_fast.bench import listing

X86 = """
\t.text
\t.globl\tkernel
kernel:
\tpushq\t%rbp
.LBB0_1:
\tvaddsd\t(%rdi,%rax,8), %xmm0, %xmm0
\tincq\t%rax
\tcmpq\t%rax, %rsi
\tjne\t.LBB0_1
.LBB0_2:
.LBB0_3:
\tvmovupd\t(%rdi,%rax), %ymm4
\tprefetcht0\t6144(%rdi,%rax)
\tvfmadd231pd\t(%rdx,%rax), %ymm4, %ymm0
\tvfmadd231pd\t32(%rdx,%rax), %ymm4, %ymm1
\tvmulpd\t%ymm4, %ymm4, %ymm5
\tvmovapd\t%ymm5, -40(%rbp)
\taddq\t$64, %rax
\tcmpq\t%rax, %rcx
\tjl\t.LBB0_3
\tjmp\t.LBB0_2
\tretq
"""
MACH = X86.replace(".LBB", "LBB").replace("kernel:", "_kernel:")
ARM = """
\t.text
kernel:
.LBB0_1:
\tldp\tq4, q5, [x0], #32
\tprfm\tpldl1keep, [x0, #512]
\tfmla\tv0.2d, v4.2d, v2.2d
\tfmla\tv1.2d, v5.2d, v3.2d
\tfmadd\td6, d7, d8, d6
\tfadd\td9, d9, d6
\tstr\tq4, [sp, #16]
\tsubs\tx1, x1, #4
\tb.ne\t.LBB0_1
\tret
"""


@pytest.mark.parametrize("text", [X86, MACH])
def test_the_hot_loop_of_x86(text):
    loop = listing.hottest(text)
    assert loop.function.endswith("kernel")
    facts = loop.facts()
    assert facts["instructions"] == 9
    assert (facts["vector"], facts["scalar"], facts["move"]) == (3, 0, 3)
    assert (facts["spills"], facts["prefetches"], facts["calls"]) == (1, 1, 0)
    assert loop.flops == 2 * 8 + 4
    assert facts["flops per instruction"] == pytest.approx(20 / 9)


def test_the_hot_loop_of_aarch64():
    loop = listing.hottest(ARM)
    facts = loop.facts()
    assert facts["instructions"] == 9
    assert (facts["vector"], facts["scalar"], facts["move"]) == (2, 2, 3)
    assert (facts["spills"], facts["prefetches"]) == (1, 1)
    assert loop.flops == 2 * 4 + 2 + 1


def test_only_innermost_loops_and_backward_jumps_count():
    lines = listing.functions(X86)["kernel"]
    first = [lines[a].rstrip(":") for a, _ in listing.innermost(lines)]
    assert first == [".LBB0_1", ".LBB0_3"]  # .LBB0_2 has the other inside


@pytest.mark.parametrize(
    ("line", "kind", "flops"),
    [
        ("\tvfnmadd213sd\t%xmm1, %xmm2, %xmm3", "scalar", 2),
        ("\tvfmadd231ps\t%zmm1, %zmm2, %zmm3", "vector", 32),
        ("\tvaddps\t%ymm1, %ymm2, %ymm3", "vector", 8),
        ("\tvbroadcastsd\t(%rax), %ymm1", "move", 0),
        ("\tvaddsd\t8(%rsp), %xmm1, %xmm2", "scalar", 1),
        ("\tfmla\tv0.4s, v1.4s, v2.s[1]", "vector", 8),
        ("\tfnmul\td0, d1, d2", "scalar", 1),
        ("\tblargh\t%xmm1", "other", 0),
        ("\tcallq\t*%rax", "other", 0),
    ],
)
def test_kinds_of_lines(line, kind, flops):
    found = listing.read_line(line)
    assert (found.kind, found.flops) == (kind, flops)


def test_what_is_no_instruction_is_left_out():
    assert listing.read_line("\t.p2align\t4") is None
    assert listing.read_line("") is None
    assert listing.hottest("kernel:\n\tretq\n") is None


def test_source_lines_are_counted():
    text = '\t.file\t1 "/there" "steps.py"\n' + X86.replace(
        "\tvfmadd231pd\t(%rdx,%rax), %ymm4, %ymm0",
        "\t.loc\t1 17 5\n\tvfmadd231pd\t(%rdx,%rax), %ymm4, %ymm0",
    )
    loop, places = listing.located(text)
    assert loop.instructions == 9
    assert places == {("steps.py", 17): 7}
