"""`Inferences`: one result a target."""

import numpy as np


class Inferences(tuple):
    """One `Inference` a target; numbers and arrays of all are stacked along a first axis."""

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        values = [getattr(each, name) for each in self]
        if callable(values[0]):
            return lambda *args, **options: [value(*args, **options) for value in values]
        return np.array(values)

    def __repr__(self):
        return "\n\n".join(map(repr, self))
