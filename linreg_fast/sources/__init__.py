"""Floor 4: files and data sets that arrays come from, and fitted models that go to files."""
