"""A local Cloudflare and a local ACE, to rehearse the whole way without an account."""
