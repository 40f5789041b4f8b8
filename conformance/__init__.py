"""Checks the facts that this project relies on against a Cloudflare account, with resources that it deletes."""
