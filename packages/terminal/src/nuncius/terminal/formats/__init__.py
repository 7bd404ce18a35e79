"""Rich results as text for a terminal: tables, HTML, markdown, formulas. Pure: text in, text with ANSI codes out."""
