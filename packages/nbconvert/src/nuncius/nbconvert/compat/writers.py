"""nbconvert's writer and postprocessor classes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from nuncius.nbconvert import options, writing
from nuncius.nbconvert.compat.preprocessors import NbConvertBase
from nuncius.nbconvert.compat.traits import gather, traits_of

__all__ = [
    "DebugWriter",
    "FilesWriter",
    "PostProcessorBase",
    "ServePostProcessor",
    "StdoutWriter",
    "WriterBase",
]


class WriterBase(NbConvertBase):
    """The base of writers: implement `write`."""

    files: Any
    locals().update(traits_of(options.WriterBase))

    def write(self, output: Any, resources: Any, **kw: Any) -> Any:
        """Write a result.

        Args:
            output: Text or bytes.
            resources: What the conversion left, with further files in ``outputs``.
            **kw: ``notebook_name``, and what else a writer may want.
        """
        raise NotImplementedError(f"{type(self).__name__} has no method write(output, resources)")


class StdoutWriter(WriterBase):
    """Writes to standard output."""

    locals().update(traits_of(options.StdoutWriter))

    def write(self, output: Any, resources: Any, **kw: Any) -> None:
        """Write a result to standard output."""
        if isinstance(output, str):
            sys.stdout.write(output)
        else:
            sys.stdout.buffer.write(output)
        sys.stdout.flush()


class DebugWriter(WriterBase):
    """Prints which files belong to a result."""

    def write(self, output: Any, resources: Any, notebook_name: str = "notebook", **kw: Any) -> None:  # fmt: skip
        """Print the names and sizes of the files that belong to a result."""
        items = resources.get("outputs", {})
        print(f"outputs extracted from {notebook_name}: {len(items)}")  # noqa: T201 - what it is for
        for name, data in items.items():
            print(f"  {name} ({len(data)} bytes)")  # noqa: T201


class FilesWriter(WriterBase):
    """Writes files."""

    build_directory: Any
    relpath: Any
    locals().update(traits_of(options.FilesWriter))

    def write(self, output: Any, resources: Any, notebook_name: str | None = None, **kw: Any) -> str:  # fmt: skip
        """Write a result and the files that belong to it; return where the result is.

        Raises:
            TypeError: There is no ``notebook_name``.
            OSError: It cannot be written.
        """
        if notebook_name is None:
            raise TypeError("FilesWriter.write needs notebook_name, the name of the file without extension")  # fmt: skip
        source = resources.get("metadata", {}).get("path", "")
        folder = Path(self.build_directory or source or ".")
        writing.write_outputs(folder, {**resources.get("outputs", {}), **resources.get("attachments", {})})  # fmt: skip
        target = folder / (notebook_name + (resources.get("output_extension") or ""))
        chunks: Any = [output]
        writing.write(target, chunks)
        if self.files:
            writing.copy_files(self.files, Path(self.relpath or source or "."), folder)
        return str(target)


class PostProcessorBase(NbConvertBase):
    """The base of what is done with a result after it is written: implement `postprocess`."""

    def __call__(self, input_: str) -> None:
        """Do it."""
        self.postprocess(input_)

    def postprocess(self, input_: str) -> None:
        """Do something with the file at a path."""
        raise NotImplementedError(f"{type(self).__name__} has no method postprocess(path)")


class ServePostProcessor(PostProcessorBase):
    """Shows a result in a browser."""

    locals().update(traits_of(options.ServePostProcessor))

    def postprocess(self, input_: str) -> None:
        """Serve a file until Ctrl-C."""
        from nuncius.nbconvert.serve import serve

        serve(Path(input_), gather(options.ServePostProcessor, self))
