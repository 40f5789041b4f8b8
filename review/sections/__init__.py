"""Sections of the comment that have a rule of their own, one per file."""
