"""One package for each system that the checks read. The only package of checks/ that imports httpx."""
