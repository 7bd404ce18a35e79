"""The writers: one module per format, from a document to chunks of text."""
