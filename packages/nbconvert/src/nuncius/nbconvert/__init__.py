"""Execute and convert notebooks."""
