"""What is known of an object, as text."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Found", "ObjectInfo"]


@dataclass(frozen=True, slots=True)
class Found:
    """An object that a name leads to.

    Attributes:
        name: As it was asked for.
        obj: The object.
        parent: The object that it is an attribute of; None for none.
        namespace: Where the first part of the name was found: ``Interactive``, ``Builtin``, ``Magic``, ``Alias``.
        ismagic: It is the function of a magic.
        isalias: It is an alias of a system command.
        stands_for: The object itself was not made: ``obj`` is the property behind it, or its class.
    """

    name: str
    obj: Any
    parent: Any = None
    namespace: str = "Interactive"
    ismagic: bool = False
    isalias: bool = False
    stands_for: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectInfo:
    """What is known of an object; None and empty mean that there is nothing to tell.

    The names are those of the fields that frontends of IPython know.
    """

    name: str
    found: bool = True
    type_name: str | None = None
    base_class: str | None = None
    string_form: str | None = None
    namespace: str | None = None
    length: str | None = None
    file: str | None = None
    definition: str | None = None
    docstring: str | None = None
    source: str | None = None
    init_definition: str | None = None
    class_docstring: str | None = None
    init_docstring: str | None = None
    call_def: str | None = None
    call_docstring: str | None = None
    subclasses: str | None = None
    ismagic: bool = False
    isalias: bool = False
    isclass: bool = False
    iscallable: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the fields by name."""
        return asdict(self)
