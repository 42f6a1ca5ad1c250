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


# Rows in turn; along each of them 32 columns at a time, then 8.
ROWS_OF_X86 = """
kernel:
.LBB0_1:
\tvsubsd\t(%rsi), %xmm9, %xmm8
.LBB0_2:
\tvmovupd\t(%rdi,%rax,8), %zmm4
\tvfmadd231pd\t(%rdx,%rax,8), %zmm4, %zmm0
\tvfmadd231pd\t64(%rdx,%rax,8), %zmm4, %zmm1
\tvfmadd231pd\t128(%rdx,%rax,8), %zmm4, %zmm2
\tvfmadd231pd\t192(%rdx,%rax,8), %zmm4, %zmm3
\taddq\t$32, %rax
\tcmpq\t%rax, %rcx
\tjne\t.LBB0_2
.LBB0_3:
\tvfmadd231pd\t(%rdx,%r8), %zmm4, %zmm0
\tsubq\t$-64, %r8
\tjne\t.LBB0_3
\tvmulsd\t%xmm8, %xmm8, %xmm8
\tdecq\t%r9
\tjne\t.LBB0_1
.LBB0_4:
\tvaddpd\t(%r10), %zmm5, %zmm6
\tvsubpd\t%zmm5, %zmm6, %zmm7
\tvaddpd\t64(%r10), %zmm5, %zmm5
\tvaddpd\t128(%r10), %zmm5, %zmm5
\tvaddpd\t192(%r10), %zmm5, %zmm5
\tvaddpd\t256(%r10), %zmm5, %zmm5
\tvaddpd\t320(%r10), %zmm5, %zmm5
\tvaddpd\t384(%r10), %zmm5, %zmm5
\tvaddpd\t448(%r10), %zmm5, %zmm5
\tjne\t.LBB0_4
\tretq
"""
ROWS_OF_ARM = """
kernel:
.LBB0_1:
\tfsub\td8, d9, d10
.LBB0_2:
\tldp\tq4, q5, [x0], #32
\tfmla\tv0.2d, v4.2d, v2.2d
\tfmla\tv1.2d, v5.2d, v3.2d
\tsubs\tx1, x1, #4
\tb.ne\t.LBB0_2
.LBB0_3:
\tldr\td4, [x3, x4, lsl #3]
\tfmadd\td6, d4, d8, d6
\tadd\tx4, x4, #1
\tcmp\tx4, x5
\tb.ne\t.LBB0_3
\tsubs\tx6, x6, #1
\tb.ne\t.LBB0_1
\tret
"""


# Rows in turn, 32 columns at a time and then 8, as LLVM lays it out: ways to and from the wide
# loop, and two jumps back, the second behind what is left of a row.
ROWS_IN_BLOCKS = """
kernel:
.LBB0_1:
\tcmpq\t$3, %r8
\tjae\t.LBB0_2
\txorl\t%eax, %eax
\tjmp\t.LBB0_4
.LBB0_2:
\tmovq\t8(%rsp), %r9
.LBB0_3:
\tvfmadd231pd\t(%rdx,%rax,8), %zmm4, %zmm0
\tvfmadd231pd\t64(%rdx,%rax,8), %zmm4, %zmm1
\tvfmadd231pd\t128(%rdx,%rax,8), %zmm4, %zmm2
\tvfmadd231pd\t192(%rdx,%rax,8), %zmm4, %zmm3
\taddq\t$32, %rax
\tcmpq\t%rax, %rcx
\tjne\t.LBB0_3
\ttestb\t$1, 16(%rsp)
\tje\t.LBB0_6
.LBB0_4:
\tvfmadd231pd\t(%rdx,%r9), %zmm4, %zmm0
\taddq\t$64, %r9
\tcmpq\t%r9, %r10
\tjne\t.LBB0_4
.LBB0_6:
\ttestq\t%r11, %r11
\tje\t.LBB0_1
\tvfmadd231pd\t(%rsi), %zmm5, %zmm0
\tjmp\t.LBB0_1
"""


@pytest.mark.parametrize(("columns", "instructions", "vector"), [(10, 12, 2), (40, 22, 6)])
def test_only_what_so_many_columns_run_counts(columns, instructions, vector):
    loop = listing.hottest(ROWS_IN_BLOCKS, columns)
    assert (loop.lines[0].text, loop.lines[-1].text) == (".LBB0_1:", "jmp .LBB0_1")
    facts = loop.facts()
    assert (facts["instructions"], facts["vector"]) == (instructions, vector)
    assert loop.within == (1 if columns == 10 else 2)
    notes = [line.text for line in loop.lines if line.kind == "note"]
    # With the loop itself go the way to it and the one from it.
    told = ["... 10 instructions that take 32 columns at a time: not for 10"]
    assert notes == (told if columns == 10 else [])


def test_sums_of_sums_are_not_the_hot_loop():
    assert listing.hottest(ROWS_OF_X86).lines[0].text == ".LBB0_2:"
    assert listing.hottest(ROWS_OF_X86).flops == 64


@pytest.mark.parametrize(
    ("text", "columns", "label", "left_out"),
    [
        (ROWS_OF_X86, 400, ".LBB0_2:", 0),  # many turns along a row
        (ROWS_OF_X86, 40, ".LBB0_1:", 0),  # one turn of it: the loop over the rows
        (ROWS_OF_X86, 10, ".LBB0_1:", 1),  # that of 32 columns is never entered
        (ROWS_OF_ARM, 40, ".LBB0_2:", 0),
        (ROWS_OF_ARM, 3, ".LBB0_1:", 1),
    ],
)
def test_the_loop_over_the_rows_by_the_columns(text, columns, label, left_out):
    loop = listing.hottest(text, columns)
    assert loop.lines[0].text == label
    notes = [line.text for line in loop.lines if line.kind == "note"]
    assert len(notes) == left_out
    assert all(f"not for {columns}" in note for note in notes)
    assert loop.facts()["instructions"] == sum(
        line.kind not in ("note", "label") for line in loop.lines
    )


def test_what_a_turn_loads():
    assert listing.hottest(ROWS_OF_X86).facts()["bytes loaded"] == 5 * 64
    assert listing.hottest(ROWS_OF_ARM).facts()["bytes loaded"] == 32


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
