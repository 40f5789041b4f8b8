"""Adapts the client of Cloudflare's API to the checks: their HTTP client, deadline and findings."""
