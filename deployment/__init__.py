"""Deploys a stack, verifies it, and makes the version live again that served before: the body of scripts/deploy."""
