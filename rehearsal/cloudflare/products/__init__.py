"""The products of the local Cloudflare, one per module. Each has ``make_routes``, and nothing else lists them."""
