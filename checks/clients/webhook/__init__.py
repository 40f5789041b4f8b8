"""Sends messages and heartbeats to the addresses of the user."""
