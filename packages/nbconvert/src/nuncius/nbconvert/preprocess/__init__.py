"""The stages between reading and writing: functions that change a notebook before it is converted.

Each is ``stage(nb, resources, options)`` and changes the notebook in place; the pipeline owns the copy.
"""
