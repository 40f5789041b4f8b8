"""A change outside Pulumi: its record as data, and its sentence for people."""
