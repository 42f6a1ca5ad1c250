"""The public functions of arrays; they need no scikit-learn."""
