"""How fast, and how large: each file is one comparison with what a user would do otherwise."""
