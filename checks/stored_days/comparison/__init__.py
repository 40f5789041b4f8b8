"""Compares stored samples with the rows of ACE and with the answers of a query worker."""
