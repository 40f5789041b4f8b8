from hypothesis import settings

# An example takes less than a millisecond, but on a busy machine any example may wait for its turn.
settings.register_profile("busy machine", deadline=5000)
settings.load_profile("busy machine")
