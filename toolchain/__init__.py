"""What the project needs installed, and how it gets it: set-up, and the engine's place. Standard library only."""
