"""Show notebooks as pages: read-only, sanitized, cached; from a folder, or from addresses on the network."""
