"""Make PDF: Typst source from documents, and the programs that turn pages into PDF."""
