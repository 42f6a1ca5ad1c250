"""Floor 1: from arrays to what a solver reads: checked arrays, `Moments`, `Problem`."""
