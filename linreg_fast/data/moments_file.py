"""`Moments` as bytes and as JSON text: to pickle, to send, and to keep in a file."""

from dataclasses import replace

import numpy as np

from linreg_fast.data import jsonfile, scaling
from linreg_fast.kernels.arithmetic.rounding import EPSILON

FILE_KIND, FILE_VERSION = "linreg_fast.moments", 2


class MomentsFile:
    """The part of `Moments` that writes and reads them, to the same bits."""

    def _flat(self):
        """(weight sum, means, upper half of the comoment) as hi, and as lo, in one array each."""
        upper = (slice(None), *np.triu_indices(self.mean_parts.shape[1]))
        parts = (self.weight_parts[:, None], self.mean_parts, self.comoment_parts[upper])
        return np.hstack(parts)

    @classmethod
    def _of_flat(cls, n_samples, n_targets, noise, flat, q, exponents=None):
        mean, upper = flat[:, 1 : q + 1].copy(), flat[:, q + 1 :]
        comoment = np.empty((2, q, q))
        rows, columns = np.triu_indices(q)
        comoment[:, rows, columns] = comoment[:, columns, rows] = upper
        weight = flat[:, 0].copy()
        return cls(n_samples, weight, mean, comoment, n_targets, noise, exponents)

    @classmethod
    def _of_bytes(cls, n_samples, n_targets, noise, q, hi, lo, exponents):
        hi = np.frombuffer(hi, "<f8")
        lo = np.frombuffer(lo, "<f8") if lo else np.zeros_like(hi)
        exponents = np.array(exponents, dtype=np.int64) if exponents else None
        noise = np.frombuffer(noise, "<f8") if noise else None
        return cls._of_flat(n_samples, n_targets, noise, np.array([hi, lo]), q, exponents)

    def __reduce__(self):
        hi, lo = self._flat()
        lo = lo.astype("<f8").tobytes() if lo.any() else b""
        q = self.mean_parts.shape[1]
        noise = b"" if self.noise is None else self.noise.astype("<f8").tobytes()
        numbers = int(self.n_samples), self.n_targets, noise, q
        exponents = () if self.exponents is None else tuple(self.exponents.tolist())
        return type(self)._of_bytes, (*numbers, hi.astype("<f8").tobytes(), lo, exponents)

    def to_json(self):
        """JSON text that `from_json` reads back to the same bits."""
        q = self.mean_parts.shape[1]
        content = {
            "n_samples": int(self.n_samples),
            "n_targets": self.n_targets,
        }
        if self.noise is not None:
            content["noise"] = self.noise.tolist()
        if self.exponents is not None:
            content["exponents"] = self.exponents.tolist()
        for name, flat in zip(("", "_lo"), self._flat(), strict=True):
            content[f"weight_sum{name}"] = float(flat[0])
            content[f"mean{name}"] = flat[1 : q + 1].tolist()
            content[f"comoment_upper{name}"] = flat[q + 1 :].tolist()
        return jsonfile.dumps(FILE_KIND, FILE_VERSION, content)

    @classmethod
    def from_json(cls, text):
        """Moments from the text of `to_json`; a ValueError says what is wrong with any other."""
        content = jsonfile.loads(text, FILE_KIND, FILE_VERSION)
        if "apart" in content:
            from linreg_fast.data.many_target_moments import ManyTargetMoments

            return ManyTargetMoments.from_json(text)
        n_samples, n_targets = content.get("n_samples"), content.get("n_targets")
        q = len(jsonfile.numbers(content, "mean"))
        hi = cls._flat_of_json(content, q, "")
        # Version 1 had no lo parts.
        lo = cls._flat_of_json(content, q, "_lo") if "mean_lo" in content else [0.0] * len(hi)
        if type(n_samples) is not int or not 0 <= n_samples < 2**63 or hi[0] < 0:
            raise ValueError("malformed file: n_samples and weight_sum must be 0 or more")
        if (n_samples == 0) != (hi[0] == 0):
            raise ValueError("malformed file: rows without a weight, or a weight without rows")
        if type(n_targets) is not int or not 1 <= n_targets < q:
            raise ValueError(f"malformed file: n_targets is {n_targets!r} for {q} columns")
        if any(abs(low) > abs(high) * 2.0**-52 for high, low in zip(hi, lo, strict=True)):
            raise ValueError("malformed file: a lo part is larger than the rounding of its hi part")
        exponents = scaling.of_json(content, q)
        noise = np.array(jsonfile.numbers(content, "noise", q)) if "noise" in content else None
        moments = cls._of_flat(n_samples, n_targets, noise, np.array([hi, lo]), q, exponents)
        squares = np.diag(moments.comoment_parts[0])
        if (squares < 0).any() or (noise is not None and (noise < 0).any()):
            raise ValueError("malformed file: a column's sum of squares, or noise, is negative")
        if "mean_lo" not in content:
            moments = replace(moments, noise=EPSILON * squares)
        return moments

    @staticmethod
    def _flat_of_json(content, q, suffix):
        name = f"weight_sum{suffix}"
        return [
            *jsonfile.numbers({name: [content.get(name)]}, name),
            *jsonfile.numbers(content, f"mean{suffix}", q),
            *jsonfile.numbers(content, f"comoment_upper{suffix}", q * (q + 1) // 2),
        ]

    def save(self, path):
        """Write `to_json()` to a file, whole or not at all."""
        jsonfile.write_text(path, self.to_json())

    @classmethod
    def load(cls, path):
        """Read a file that `save` wrote."""
        return cls.from_json(jsonfile.read_text(path))
