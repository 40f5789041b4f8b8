"""The command line. The only package of checks/ that imports click."""
