"""The Nuncius shell in a terminal: in-process or over any kernel."""
