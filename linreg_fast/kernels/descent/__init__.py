"""Whole descents in one compiled call."""
