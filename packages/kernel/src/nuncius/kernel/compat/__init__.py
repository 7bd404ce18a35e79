"""Be IPython and ipykernel to libraries that ask for them: the only code of the kernel that spells these names.

`nuncius.kernel.compat.finder` provides the modules, `nuncius.kernel.compat.names` says what is in them (its tables are `names_core`, `names_tools` and `names_ipykernel`), `nuncius.kernel.compat.provide_ipython` has them in any program, `nuncius.kernel.compat.shells` has the classes by which libraries recognize what they run in. Nothing imports this package but the application.
"""
