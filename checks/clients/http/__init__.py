"""HTTP requests within limits of time and size."""
