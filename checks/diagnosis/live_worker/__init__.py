"""The live worker besides its version: its crons, and its settings that nothing declares."""
