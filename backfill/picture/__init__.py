"""The picture of the data: the state of each day of each site, and of the backfill."""
