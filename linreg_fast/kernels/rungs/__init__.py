"""The ladder, one idea a file."""
