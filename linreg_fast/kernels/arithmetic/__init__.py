"""Vectors as values, LLVM pieces, cache lines, double-double numbers, rounding."""
