"""The single file of a release, ``building-vitals.pyz``: its commands and its packages. scripts/release builds it."""
