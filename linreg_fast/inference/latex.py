"""An `Inference` as a tabular for LaTeX."""

from linreg_fast.inference.formats import columns, foot, rows

LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
}  # fmt: skip


def _tex(text):
    return "".join(LATEX.get(character, character) for character in text)


def as_latex(result, level):
    lines = [r"\begin{tabular}{lrrrrrr}", r"\toprule"]
    lines += [" & ".join(["", *map(_tex, columns(level))]) + r" \\", r"\midrule"]
    for row in rows(result, level):
        lines.append(" & ".join(_tex(cell) for cell in row[:7]) + r" \\")
    lines += [r"\midrule", rf"\multicolumn{{7}}{{p{{0.9\linewidth}}}}{{{_tex(foot(result))}}} \\"]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"])
