"""The forms of an `Inference`: text, HTML, frame, dict, JSON, LaTeX, Markdown."""

from linreg_fast.inference import formats, latex
from linreg_fast.inference.choices import check_level


class Forms:
    """What is printed, shown in a notebook and written to files."""

    def __repr__(self):
        return formats.as_text(self)

    def summary(self, level=0.95):
        """The table as text of at most 80 columns, with intervals of this level."""
        return formats.as_text(self, check_level(level))

    def _repr_html_(self):
        return formats.as_html(self)

    def to_frame(self, level=0.95):
        """A pandas DataFrame: a row a parameter; coef, se, t, p, low, high."""
        return formats.as_frame(self, check_level(level))

    def to_dict(self, level=0.95):
        """Plain numbers, lists and text."""
        return formats.as_dict(self, check_level(level))

    def to_json(self, level=0.95):
        """JSON text; numbers that are not finite are null."""
        return formats.as_json(self, check_level(level))

    def to_latex(self, level=0.95):
        """A tabular for LaTeX, with booktabs."""
        return latex.as_latex(self, check_level(level))

    def to_markdown(self, level=0.95):
        """A table in Markdown."""
        return formats.as_markdown(self, check_level(level))
