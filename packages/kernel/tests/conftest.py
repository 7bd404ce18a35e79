"""A shell in this process, and a frontend that records what it is sent."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from nuncius.kernel.app import build
from nuncius.kernel.shell import Shell
from nuncius.protocol.errors import StdinNotSupported
from nuncius.protocol.kernel import CURRENT_IO, ExecuteRequest
from nuncius.protocol.messages import Channel, Header, Message

if TYPE_CHECKING:
    from nuncius.kernel.python_kernel import PythonKernel


class Frontend:
    """A `KernelIO` that keeps what is published, and answers input from a list."""

    def __init__(self) -> None:
        self.request = Message(Channel.SHELL, Header("request-1", "execute_request"))
        self.messages: list[tuple[str, dict[str, Any]]] = []
        self.answers: list[str] = []

    def publish(
        self,
        msg_type: str,
        content: Mapping[str, Any],
        *,
        metadata: Mapping[str, Any] | None = None,
        buffers: Sequence[Any] = (),
    ) -> None:
        self.messages.append((msg_type, dict(content)))

    def stream(self, name: str, text: str) -> None:
        self.messages.append(("stream", {"name": name, "text": text}))

    def flush(self) -> None:
        pass

    def input(self, prompt: str = "", *, password: bool = False, **metadata: Any) -> str:
        if not self.answers:
            raise StdinNotSupported("no answer was prepared")
        self.messages.append(("input_request", {"prompt": prompt, "password": password}))
        return self.answers.pop(0)

    def take(self) -> list[tuple[str, dict[str, Any]]]:
        """Return what came since the last time."""
        messages, self.messages = self.messages, []
        return messages

    def of(self, msg_type: str) -> list[dict[str, Any]]:
        """Return the contents of one type, and forget everything."""
        return [content for kind, content in self.take() if kind == msg_type]


@pytest.fixture(scope="session", autouse=True)
def own_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The history and the configuration of whoever runs the tests are left alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NUNCIUS_DIR", str(tmp_path_factory.mktemp("nuncius")))
        yield


@pytest.fixture(autouse=True)
def calm_collector(request: pytest.FixtureRequest) -> Iterator[None]:
    """No garbage is collected while this process is traced: Python 3.11 may crash, with any debugger, when that begins in the moment in which a traced frame is made and calls Python code, as hypothesis has it do."""
    if not request.path.name.startswith(("test_debug", "test_magics_code")):
        yield
        return
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def frontend() -> Iterator[Frontend]:
    """The frontend of the code that runs in the test."""
    frontend = Frontend()
    token = CURRENT_IO.set(frontend)
    yield frontend
    CURRENT_IO.reset(token)


@pytest.fixture
def shell(frontend: Frontend) -> Iterator[Shell]:
    """A shell that talks to `frontend`."""
    shell = Shell()
    yield shell
    shell.close()


class Asked:
    """A kernel with a frontend, asked by method calls."""

    def __init__(self, kernel: PythonKernel, frontend: Frontend) -> None:
        self.kernel = kernel
        self.frontend = frontend

    @property
    def shell(self) -> Shell:
        return self.kernel.shell

    def execute(self, code: str, **options: Any) -> dict[str, Any]:
        """Run a cell; returns the content of the reply."""
        reply = self.kernel.execute(ExecuteRequest(code, **options), self.frontend)
        if not isinstance(reply, Mapping):
            import asyncio

            async def wait() -> Any:
                return await reply

            reply = asyncio.run(wait())
        return dict(reply)


@pytest.fixture
def kernel(frontend: Frontend) -> Iterator[Asked]:
    """A Python kernel as the application builds it, without start-up files."""
    kernel = build(startup=False)
    yield Asked(kernel, frontend)
    kernel.shutdown(restart=False)
