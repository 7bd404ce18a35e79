"""How Sphinx builds this manual: ``nox -s docs``."""

project = "Nuncius"
author = "Nuncius contributors"
copyright = "2026, Nuncius contributors"
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
]
exclude_patterns = ["_build"]
source_suffix = {".md": "markdown"}
myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "Nuncius"
html_static_path = []
autodoc_typehints = "description"
autodoc_member_order = "bysource"
# `console` blocks show a session: prompts and output, not one language.
highlight_language = "none"
suppress_warnings = [
    "toc.empty_glob",  # a section may have no pages yet
    "ref.python",  # two packages may have classes of one name: the nearer one is meant
]
