"""Show notebooks as pages: read-only, sanitised, cached; from a folder, or from addresses on the network."""
