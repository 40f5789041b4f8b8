"""A whole small system behind one function, for runs of the checks by the thousand: nothing listens, nothing waits."""
