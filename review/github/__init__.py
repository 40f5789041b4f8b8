"""Writes the results of the workflows to GitHub: the comment of a pull request and the issue about a drift."""
