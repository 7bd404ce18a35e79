"""Say which of our objects stands behind which name of IPython and ipykernel: the tables of the three modules beside this one, together.

Each module has a mapping of names to places, ``module:attribute``; a place that begins with a colon is below `nuncius.kernel`. A place without attribute is a module. What begins with ``=`` is a value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nuncius.kernel.compat.names_core import CORE
from nuncius.kernel.compat.names_ipykernel import IPYKERNEL
from nuncius.kernel.compat.names_tools import TOOLS

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MODULES"]

#: Module -> name -> place.
MODULES: Mapping[str, Mapping[str, str]] = {**CORE, **TOOLS, **IPYKERNEL}
