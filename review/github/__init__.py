"""What the workflows do on GitHub beyond the commands: the comment of a pull request, and the issue of a drift."""
