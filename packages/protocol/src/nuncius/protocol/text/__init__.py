"""Pure text tools that several frontends need: input language, cells, ANSI colors, editing, MIME bundles.

No module here does I/O or loads anything beyond the standard library; each one is linear in the length of its input, whatever that is.
"""
