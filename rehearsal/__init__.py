"""A local Cloudflare and a local ACE, to rehearse deployment and verification without an account."""
