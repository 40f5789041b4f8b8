"""Does what was declared hold? One command that proves it, promise by promise, and names what broke."""
