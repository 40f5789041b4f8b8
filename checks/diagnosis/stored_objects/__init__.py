"""Finds the cause of a stored day that is damaged, or that differs from ACE, before anything is advised."""
