"""What is generated from the typed contents is up to date."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

from nuncius.protocol.content import MESSAGES

TOOLS = Path(__file__).parents[2] / "tools"


def tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, TOOLS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_of_all_messages_is_that_of_the_code() -> None:
    generator = tool("gen_messages")
    assert generator.PAGE.read_text(encoding="utf-8") == generator.page(), (
        "run python tools/gen_messages.py"
    )


def test_typescript_has_every_message() -> None:
    text = tool("gen_types").module()
    for name in MESSAGES:
        assert f"\n  {name}: " in text
    assert text.count("{") == text.count("}")
    assert '\n  name: "stdout" | "stderr";\n' in text
    assert "\n  history: [number, number, unknown][];\n" in text
