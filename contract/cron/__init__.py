"""Crons in Cloudflare's dialect: the accepted texts, and the times at which they fire."""
