"""One fake system for unit tests and soak: Cloudflare, workers and ACE behind one function, on a clock of its own."""
