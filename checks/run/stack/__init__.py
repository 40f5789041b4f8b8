"""Asks the Pulumi engine about a stack."""
