"""Sections of the README and of docs/ that scripts write, each between a pair of markers.

A marker keeps a hash of what its script was when it wrote the section, so that figures of another
form are told apart from figures that are only old:

python benchmarks/readme.py --check     exit with 1 if a section was not written by the present form
"""

import ast
import hashlib
import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
README = ROOT / "README.md"
FORM = 1  # of the markers themselves
MARKER = re.compile(
    r"<!-- (?P<name>[\w-]+): written by benchmarks/(?P<script>\w+\.py)(?P<state>[^>]*) -->\n"
)


def form_of(script):
    """A short hash of a script, without its comments and docstrings: what decides its figures."""
    tree = ast.parse((HERE / script).read_text())
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            value = body[0].value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                node.body = body[1:] or [ast.Pass()]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:12]


def _state(script):
    return f", form {FORM}.{form_of(script)}"


def write_section(name, text, page=README):
    """Replace what stands between the markers of a section."""
    content = page.read_text()
    end = f"<!-- end of {name} -->"
    found = next((m for m in MARKER.finditer(content) if m["name"] == name), None)
    stop = content.find(end, found.end()) if found else -1
    if stop < 0:
        raise ValueError(f"{page} has no section between '<!-- {name}: ...' and '{end}'")
    begin = f"<!-- {name}: written by benchmarks/{found['script']}{_state(found['script'])} -->\n"
    page.write_text(f"{content[: found.start()]}{begin}{text}\n{content[stop:]}")


def pages():
    """The README and the pages of docs/."""
    return [README, *sorted((ROOT / "docs").glob("*.md"))]


def stale():
    """(page, section, script, why) of what the present form of a script did not write."""
    for page in pages():
        content = page.read_text()
        for found in MARKER.finditer(content):
            name, script = found["name"], found["script"]
            if f"<!-- end of {name} -->" not in content:
                yield page.name, name, script, "its end is missing"
            elif not (HERE / script).is_file():
                yield page.name, name, script, "there is no such script"
            elif found["state"] != _state(script):
                told = "has another form now" if found["state"] else "kept no form then"
                yield page.name, name, script, f"the script {told}"


def main(arguments):
    """Tell of sections that are stale; 1 if there are any."""
    if arguments != ["--check"]:
        print(__doc__)
        return 2
    found = list(stale())
    for page, name, script, why in found:
        print(f"{page}, section {name!r}: {why}: run python benchmarks/{script} to write it anew")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
