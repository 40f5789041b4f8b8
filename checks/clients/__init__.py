"""One package for each system that the checks ask. The only package of checks/ that imports httpx."""
