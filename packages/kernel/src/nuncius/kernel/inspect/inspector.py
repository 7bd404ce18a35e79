"""Answer what an object is, in the forms in which frontends and magics ask."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nuncius.kernel.inspect.find import ObjectFinder, expression_at
from nuncius.kernel.inspect.info import object_info
from nuncius.kernel.inspect.patient import PatientRepr
from nuncius.kernel.inspect.render import DocFormatter, render
from nuncius.kernel.selection import selected
from nuncius.kernel.themes import NO_COLOR, Theme, theme_named

if TYPE_CHECKING:
    from nuncius.kernel.api import ShellAPI
    from nuncius.kernel.inspect.model import Found, ObjectInfo

__all__ = ["HookData", "Inspector", "inspector_for"]


@dataclass(frozen=True, slots=True)
class HookData:
    """What a hook that adds a mime type to inspection is given.

    Attributes:
        obj: The object.
        info: How it was found.
        info_dict: What is known of it.
        detail_level: As it was asked for.
        omit_sections: As it was asked for.
    """

    obj: Any
    info: Found
    info_dict: dict[str, Any]
    detail_level: int
    omit_sections: list[str]


class Inspector:
    """Find objects and tell what they are.

    Args:
        finder: Knows the names.
        theme: Gives the colors of texts for terminals.
        doc_formatter: Makes documentation richer: text -> mime bundle or HTML.

    Attributes:
        mime_hooks: Mime type -> function from `HookData` to its data, or None.
    """

    def __init__(
        self,
        finder: ObjectFinder,
        theme: Callable[[], Theme],
        doc_formatter: DocFormatter | None = None,
    ) -> None:
        self.finder = finder
        self._theme = theme
        self.doc_formatter = doc_formatter
        self._show = PatientRepr()
        self.mime_hooks: dict[str, Callable[[HookData], Any]] = {}

    def close(self) -> None:
        """End the thread that slow values are shown in."""
        self._show.close()

    def info(self, name: str, detail_level: int = 0) -> ObjectInfo | None:
        """Return what is known of the object called ``name``, None when there is none."""
        found = self.finder.find(name)
        return None if found is None else object_info(found, detail_level, self._show)

    def bundle(
        self, name: str, detail_level: int = 0, omit_sections: Iterable[str] = ()
    ) -> dict[str, Any] | None:
        """Return what is known of an object as a mime bundle, None when there is none.

        Args:
            name: As in `ObjectFinder.find`.
            detail_level: 1 for the source.
            omit_sections: Titles or field names that are left out.
        """
        found = self.finder.find(name)
        return None if found is None else self.describe(found, detail_level, omit_sections)

    def describe(
        self, found: Found, detail_level: int = 0, omit_sections: Iterable[str] = ()
    ) -> dict[str, Any]:
        """Return what is known of an object that was found, as a mime bundle."""
        info, omitted = object_info(found, detail_level, self._show), list(omit_sections)
        bundle: dict[str, Any] = dict(
            render(
                info,
                self._theme(),
                detail_level=detail_level,
                omit_sections=omitted,
                doc_formatter=self.doc_formatter,
            )
        )
        if self.mime_hooks:
            data = HookData(found.obj, found, info.as_dict(), detail_level, omitted)
            for mime, hook in self.mime_hooks.items():
                made = _asked(hook, data)
                if made is not None:
                    bundle[mime] = made
        return bundle

    def reply(
        self, code: str, cursor: int, detail_level: int = 0, omit_sections: Iterable[str] = ()
    ) -> dict[str, Any]:
        """Return the content of ``inspect_reply`` for what the cursor is on."""
        name = expression_at(code, cursor)
        bundle = self.bundle(name, detail_level, omit_sections) if name else None
        return {
            "status": "ok",
            "found": bundle is not None,
            "data": bundle or {},
            "metadata": {},
        }


def _asked(hook: Callable[[HookData], Any], data: HookData) -> Any:
    try:
        return hook(data)
    except Exception:  # noqa: BLE001 - an extension's hook
        return None


def inspector_for(shell: ShellAPI) -> Inspector:
    """Return the inspector of a shell.

    Args:
        shell: Its namespaces, magics and aliases are known, and its option ``colors`` is used.
    """

    def namespaces() -> dict[str, Any]:
        frame = selected(shell)
        if frame is not None:
            return {"Local": frame.local_ns, "Python global": frame.global_ns}
        return {"Interactive": shell.user_ns, "Python global": shell.user_global_ns}

    def magic(name: str, kind: str) -> Any:
        return shell.find_magic(name, kind)

    def alias(name: str) -> str | None:
        for known, command in shell.alias_manager.aliases:
            if known == name:
                return str(command)
        return None

    def theme() -> Theme:
        try:
            return theme_named(shell.options.colors)
        except ValueError:
            return NO_COLOR

    inspector = Inspector(ObjectFinder(namespaces, magic, alias), theme)
    at_close = getattr(shell, "at_close", None)
    if at_close is not None:
        at_close(inspector.close)
    return inspector
