"""Turn what was configured (`nuncius.nbconvert.options.NotebookClient`) into what a run takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nuncius.nbconvert.execute.kernels import KernelChoice
from nuncius.nbconvert.execute.settings import OnError, Settings

if TYPE_CHECKING:
    from nuncius.nbconvert.options import NotebookClient

__all__ = ["kernel_choice", "settings"]


def settings(options: NotebookClient) -> Settings:
    """Return how cells are run."""
    timeout_of: Callable[[Any], float | None] | None = options.timeout_func
    return Settings(
        timeout=options.timeout,
        timeout_of=timeout_of,
        interrupt_on_timeout=options.interrupt_on_timeout,
        error_on_timeout=options.error_on_timeout,
        on_error=OnError(options.on_error),
        allow_errors=options.allow_errors,
        allow_error_names=frozenset(options.allow_error_names),
        force_raise_errors=options.force_raise_errors,
        skip_tag=options.skip_cells_with_tag,
        record_timing=options.record_timing,
        store_widget_state=options.store_widget_state,
        idle_timeout=options.iopub_timeout,
        raise_on_idle_timeout=options.raise_on_iopub_timeout,
    )


def kernel_choice(options: NotebookClient, *, cwd: str | None, name: str = "") -> KernelChoice:
    """Return which kernel is started, and how."""
    return KernelChoice(
        name=name or options.kernel_name,
        cwd=cwd,
        extra_arguments=tuple(options.extra_arguments),
        startup_timeout=options.startup_timeout,
        shutdown_now=options.shutdown_kernel == "immediate",
        history_file=options.ipython_hist_file,
    )
