"""Color source code: tokens with the class names of pygments, from a one-pass lexer for Python and from pygments for the rest."""
