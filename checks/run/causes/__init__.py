"""Names one cause for findings that belong together, when all results are known."""
