"""Our Python kernel keeps the rules of the protocol; what it installs is what is tested."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

import pytest

from nuncius.protocol.testing.conformance.suite import KernelConformance


class TestPythonKernel(KernelConformance):
    kernel_name = "conformance-python"

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def kernelspec(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
        """Make a kernelspec of a name of its own, so that no installed one stands before it."""
        folder = tmp_path_factory.mktemp("jupyter")
        spec = folder / "kernels" / cls.kernel_name / "kernel.json"
        spec.parent.mkdir(parents=True)
        argv = [sys.executable, "-m", "nuncius.kernel", "-f", "{connection_file}"]
        text = {
            "argv": argv,
            "display_name": "Python",
            "language": "python",
            "kernel_protocol_version": "5.5",
            "metadata": {"supported_encryption": ["curve"]},
        }
        spec.write_text(json.dumps(text))
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("JUPYTER_PATH", str(folder))
            patch.setenv("JUPYTER_RUNTIME_DIR", str(folder / "runtime"))
            patch.setenv("NUNCIUS_DIR", str(folder / "nuncius"))
            patch.setenv("IPYTHONDIR", str(folder / "ipython"))
            yield
