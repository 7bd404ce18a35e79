"""Load exporters, preprocessors and writers from elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nuncius.nbconvert.conversion import Extra, Result
from nuncius.nbconvert.loading import config_of, load, make_preprocessor
from nuncius.nbconvert.notebook import Loaded, normalize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from nuncius.nbconvert.configured import Configured


__all__ = ["convert_custom", "load_preprocessors", "write_custom"]


def load_preprocessors(items: Iterable[Any], configured: Configured) -> list[Extra]:
    """Return the preprocessors that the configuration names, ready to run in the pipeline."""
    from traitlets.config import Configurable

    from nuncius.nbconvert.nodes import nodes

    parent = Configurable(config=config_of(configured.settings))

    def wrapped(run: Callable[..., Any]) -> Extra:
        def stage(nb: Any, resources: Any) -> tuple[Any, Any]:
            nb, resources = run(nodes(nb), resources)
            return normalize(nb).nb, resources

        return stage

    return [wrapped(make_preprocessor(item, parent)) for item in items]


def convert_custom(name: str, loaded: Loaded, configured: Configured, resources: dict[str, Any]) -> Result:  # fmt: skip
    """Convert with an exporter that is not ours: an entry point or a dotted path."""
    from nuncius.nbconvert.compat.api import get_exporter

    cls = get_exporter(name)
    exporter = cls(config=config_of(configured.settings))
    from nuncius.nbconvert.nodes import nodes

    output, made = exporter.from_notebook_node(nodes(loaded.nb), resources=resources)
    made.setdefault("output_extension", getattr(exporter, "file_extension", ""))
    if not isinstance(output, (str, bytes)):
        from nuncius.nbconvert.notebook import dumps

        output = dumps(normalize(output).nb)
    return Result([output], dict(made), loaded.problems)


def write_custom(path: str, result: Result, configured: Configured) -> None:
    """Give a result to a writer class from elsewhere."""
    writer = load(path)(config=config_of(configured.settings))
    writer.write(result.output, result.resources, notebook_name=result.resources["unique_key"])
