"""Floor 5: every rung and every solver behind one table, each checked before it is timed."""
