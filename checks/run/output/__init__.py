"""The output of a run besides its report: files, the state that was told, and messages about its changes."""
