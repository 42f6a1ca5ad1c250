"""The ways to sum moments, and what stands before and after them. `ways` is the table."""
