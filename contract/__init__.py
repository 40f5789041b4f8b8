"""What the program, the checks and the review agree on: data and rules, without input or output."""
