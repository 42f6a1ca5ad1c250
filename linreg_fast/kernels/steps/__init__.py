"""The sums of a descent step: the mean squared error, its gradient, and predictions."""
