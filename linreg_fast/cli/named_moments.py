"""Moments in a file with the names of their columns: what `moments` writes and `merge` reads."""

import json
import os
from typing import NamedTuple

from linreg_fast.data import jsonfile
from linreg_fast.data.gate import listed
from linreg_fast.data.moments import Moments


class NamedMoments(NamedTuple):
    """`Moments` of one target; `Moments.load` reads the file, too, without the names."""

    moments: Moments
    features: list[str]
    target: str

    def save(self, path):
        content = json.loads(self.moments.to_json())
        named = {"features": self.features, "target": self.target}
        jsonfile.write_text(path, json.dumps(content | named, allow_nan=False, indent=1))

    @classmethod
    def load(cls, path):
        """Read a file; a ValueError says what is wrong with it."""
        text = jsonfile.read_text(path)
        try:
            moments = Moments.from_json(text)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
        content = json.loads(text)
        features, target = content.get("features"), content.get("target")
        if features is None and target is None:  # of Moments.save
            features, target = [f"x{j}" for j in range(moments.n_features)], "y"
        if (
            not isinstance(features, list)
            or not all(isinstance(name, str) for name in features)
            or len(features) != moments.n_features
            or not isinstance(target, str)
            or moments.n_targets != 1
        ):
            raise ValueError(
                f"{path}: malformed file: it needs the name of one target and of "
                f"{moments.n_features} features"
            )
        return cls(moments, features, target)


def merged(paths):
    """The `NamedMoments` of all the files' rows."""
    seen, total = set(), None
    for path in paths:
        real = os.path.realpath(path)
        if real in seen:
            raise ValueError(f"{path} is named twice: its rows would count twice")
        seen.add(real)
        one = NamedMoments.load(path)
        if total is None:
            total = one
            continue
        if (one.features, one.target) != (total.features, total.target):
            alike = one.target == total.target and set(one.features) == set(total.features)
            advice = f" (sum both up with --features {','.join(total.features)})" if alike else ""
            raise ValueError(
                f"{path} is of {one.target!r} by {listed(one.features)}, and {paths[0]} of "
                f"{total.target!r} by {listed(total.features)}: they cannot be added"
                f"{advice}"
            )
        total = total._replace(moments=total.moments + one.moments)
    return total
