"""The review: turns a preview into one Markdown comment, built from an allow-list of fields."""
