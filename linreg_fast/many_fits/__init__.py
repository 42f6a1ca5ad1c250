"""Many fits at once: groups, windows, folds, penalties, single columns. All from moments."""
