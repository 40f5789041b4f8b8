"""Measures speed and size. Each file is one comparison with the other way to do the same."""
