"""Set-up: installs the packages and the engine that the project needs. It uses the standard library alone."""
