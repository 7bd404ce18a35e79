"""Event loops of GUI toolkits that run between cells, and figures of matplotlib."""
