"""Describes the state of the backfill: its pause, its failed days, and days that nothing stores."""
