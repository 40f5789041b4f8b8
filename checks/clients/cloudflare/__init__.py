"""Cloudflare's API."""
