"""Small linear systems: the normal equations and their factors."""
