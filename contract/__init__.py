"""Data and rules that the program, the checks and the review share, without input or output."""
