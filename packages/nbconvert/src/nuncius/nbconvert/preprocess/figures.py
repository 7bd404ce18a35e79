"""Convert figures that a format cannot show: SVG to PDF for LaTeX."""

from __future__ import annotations

import subprocess
import tempfile
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nuncius.nbconvert.notebook import Notebook
    from nuncius.nbconvert.options import SVG2PDFPreprocessor

__all__ = ["svg_to_pdf"]


def svg_to_pdf(nb: Notebook, resources: dict[str, Any], options: SVG2PDFPreprocessor) -> None:
    """Add a PDF to each output that has an SVG, if a converter can be found; otherwise leave it and say so."""
    for index, cell in enumerate(nb["cells"]):
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if "image/svg+xml" not in data or "application/pdf" in data:
                continue
            pdf = _converted(str(data["image/svg+xml"]), options)
            if pdf is not None:
                data["application/pdf"] = b64encode(pdf).decode()
                continue
            note = resources.get("note")
            if callable(note):
                note("an SVG picture cannot be converted to PDF; pip install 'nuncius-nbconvert[pdf]', or install Inkscape", index)  # fmt: skip


def _converted(svg: str, options: SVG2PDFPreprocessor) -> bytes | None:
    if not options.command and not options.inkscape:
        from nuncius.nbconvert.pdf.engine import available, svg_to_pdf

        if available():
            return svg_to_pdf(svg)
        try:
            import cairosvg  # type: ignore[import-not-found,import-untyped,unused-ignore]
        except (ImportError, OSError):
            pass
        else:
            return bytes(cairosvg.svg2pdf(bytestring=svg.encode()))
    return _by_command(svg, options)


def _by_command(svg: str, options: SVG2PDFPreprocessor) -> bytes | None:
    import shutil

    # Looked for on PATH only, never in the current folder: a notebook may lie beside a bad program.
    inkscape = options.inkscape or shutil.which("inkscape")
    if not inkscape and not options.command:
        return None
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "figure.svg"), Path(folder, "figure.pdf")
        source.write_text(svg, encoding="utf-8")
        if options.command:
            import shlex

            names = {"from_filename": str(source), "to_filename": str(target)}
            command = [part.format(**names) for part in shlex.split(options.command)]
        else:
            command = [str(inkscape), str(source), f"--export-filename={target}"]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=60)
        except (OSError, subprocess.SubprocessError):
            return None
        return target.read_bytes() if target.exists() else None
