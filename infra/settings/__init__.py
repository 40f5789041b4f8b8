"""The settings of a stack: their source, the reading, and one frozen Settings."""
