"""A read-only client of Cloudflare's API with retries, for the program and the checks."""
