"""Provide IPython's and ipykernel's modules in any program, from the import of this module on.

In a kernel they are there anyway. For programs and test suites that are written against IPython, where it is not installed::

    import nuncius.kernel.compat.provide_ipython

    pytest -p nuncius.kernel.compat.provide_ipython
"""

from __future__ import annotations

from nuncius.kernel.compat.finder import install

__all__: list[str] = []

install()
