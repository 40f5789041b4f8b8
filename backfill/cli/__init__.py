"""The command line. The only package of backfill/ that imports click."""
