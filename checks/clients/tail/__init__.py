"""A worker's live logs."""
