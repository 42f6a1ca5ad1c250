"""Sections of the README that scripts write, each between a pair of markers."""

from pathlib import Path

HERE = Path(__file__).parent
README = HERE.parent / "README.md"


def write_section(name, text):
    """Replace what stands between the markers of a section."""
    begin, end = f"<!-- {name}: written by benchmarks/", f"<!-- end of {name} -->"
    content = README.read_text()
    before, found, rest = content.partition(begin)
    script, closed, rest = rest.partition(" -->\n")
    _, ended, after = rest.partition(end)
    if not (found and closed and ended):
        raise ValueError(f"README.md has no section between '{begin}...' and '{end}'")
    README.write_text(f"{before}{begin}{script} -->\n{text}\n{end}{after}")
