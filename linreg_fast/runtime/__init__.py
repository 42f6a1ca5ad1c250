"""How code is compiled, cached, linked, launched and interrupted: nothing of least squares."""
