"""One module per kind of resource; adding a kind is adding a file."""
