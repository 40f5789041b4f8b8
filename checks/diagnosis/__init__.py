"""From a symptom to its cause and the next command."""
