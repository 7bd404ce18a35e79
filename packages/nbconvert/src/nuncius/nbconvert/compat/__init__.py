"""The classes and functions that nbconvert has, by the same names.

They have no behavior of their own: they gather traits into options and call the pipeline. Nothing in the package but the command line's door for foreign exporters (`custom`) uses them.
"""
