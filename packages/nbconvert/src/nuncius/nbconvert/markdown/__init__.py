"""Markdown as events, and the events as HTML, LaTeX, reStructuredText and AsciiDoc."""
