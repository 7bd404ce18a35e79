"""The Nuncius notebook: server and browser interface."""
