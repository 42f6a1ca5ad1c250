"""Floor 3: the scikit-learn estimators. Thin: validate, choose, solve, store."""
