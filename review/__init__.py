"""What a pull request's reviewer reads: a preview as one Markdown comment, built from an allow-list of fields."""
