"""Parallel computing on clusters of Nuncius engines."""
