"""Show and change the variables of a program that is debugged: pages of large containers, rich representations, copies to the person's own variables.

Most of it debugpy answers. It shows the first few hundred items of a container, or none; those that a frontend asks for by their positions are listed here, from the values themselves: the stopped frames are in this process.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from nuncius.kernel.debug.explorer import FIRST_REFERENCE, Explorer, Known
from nuncius.kernel.debug.places import LARGE, Places, countable
from nuncius.kernel.debug.replies import (
    Request,
    Response,
    arguments_of,
    failure,
    request,
    success,
)
from nuncius.kernel.saferepr import safe_repr
from nuncius.kernel.variables.columns import table_of
from nuncius.kernel.variables.parts import parts_of
from nuncius.kernel.variables.tables import is_frame, is_series

__all__ = ["Inspection", "deposit", "deposited"]

#: What an expression in a stopped frame has left for us.
_deposited: dict[int, Any] = {}
_numbers = count(1)

#: Groups that debugpy lists among the variables.
_GROUPS = ("special variables", "function variables", "class variables")

_KERNELS = frozenset(
    [
        "__name__",
        "__doc__",
        "__package__",
        "__loader__",
        "__spec__",
        "__annotations__",
        "__builtins__",
        "__builtin__",
        "__file__",
        "get_ipython",
        "exit",
        "quit",
        "debugpy",
    ]
)

_CACHES = ("_", "__", "___", "_i", "_ii", "_iii", "In", "Out", "_ih", "_oh", "_dh")


def deposit(number: int, value: Any) -> None:
    """Keep a value of a stopped frame until it is fetched."""
    _deposited[number] = value


def deposited(number: int) -> Any:
    """Return what was deposited."""
    return _deposited[number]


class Inspection:
    """The variables of one kernel, for a debugger's frontend.

    Args:
        shell: Whose variables.
        forward: Has debugpy answer a request.
        is_stopped: Tells whether a thread stands still.

    Attributes:
        pages: Whether the frontend asks for pages when it is told how much there is.
    """

    def __init__(
        self,
        shell: Any,
        forward: Callable[[Request], Response],
        is_stopped: Callable[[], bool],
    ) -> None:
        self._shell = shell
        self._forward = forward
        self._is_stopped = is_stopped
        self._explorer = Explorer()
        self._places = Places()
        self.pages = False
        self.handlers: dict[str, Callable[[Request], Response]] = {
            "scopes": self._scopes,
            "evaluate": self._evaluate,
            "variables": self._variables,
            "setVariable": self._set_variable,
            "setExpression": self._set_expression,
            "inspectVariables": self._inspect_variables,
            "richInspectVariables": self._rich_inspect,
            "copyToGlobals": self._copy_to_globals,
        }

    def forget(self) -> None:
        """Take notice that the program runs."""
        self._places.forget()
        self._explorer.forget()

    # -- what is listed ------------------------------------------------------------------------

    def _inspect_variables(self, request: Request) -> Response:
        found = {
            name: value
            for name, value in list(self._shell.user_ns.items())
            if self._is_of_interest(name, value)
        }
        return success(request, {"variables": self._explorer.variables(found)})

    def _is_of_interest(self, name: Any, value: Any) -> bool:
        if not isinstance(name, str) or _is_cache(name):
            return False
        hidden = self._shell.user_ns_hidden
        return name not in hidden or hidden[name] is not value

    def _scopes(self, request: Request) -> Response:
        response = self._forward(request)
        found = (response.get("body") or {}).get("scopes") or []
        self._places.see_scopes(arguments_of(request).get("frameId", 0), found)
        return response

    def _evaluate(self, request: Request) -> Response:
        response = self._forward(request)
        arguments, body = arguments_of(request), response.get("body") or {}
        number, frame = body.get("variablesReference") or 0, arguments.get("frameId")
        if frame is not None and number:
            self._places.see_value(number, arguments["expression"], frame)
            if self.pages:
                self._count_value(body, arguments["expression"], frame)
        return response

    def _count_value(self, body: dict[str, Any], expression: str, frame: int) -> None:
        try:
            # nothing that runs code is evaluated twice
            size = _size(self._fetch(expression, frame)) if expression.isidentifier() else 0
        except LookupError:
            return
        if size:
            body["indexedVariables"] = size

    def _variables(self, request: Request) -> Response:
        arguments = arguments_of(request)
        reference = int(arguments["variablesReference"])
        start, number = int(arguments.get("start") or 0), int(arguments.get("count") or 0)
        if reference >= FIRST_REFERENCE or not self._is_stopped():
            children = self._explorer.children(reference, start, number)
            return success(request, {"variables": children})
        if (start or number) and arguments.get("filter") != "named":
            page = self._page(reference, start, number)
            if page is not None:
                return success(request, {"variables": page})
        response = self._forward(request)
        body = response.get("body") or {}
        if "variables" in body:
            body["variables"] = [
                each for each in body["variables"] if not _is_the_kernels(each.get("name", ""))
            ]
            self._places.see_variables(reference, body["variables"])
            if self.pages:
                self._count(reference, body["variables"])
        return response

    def _page(self, reference: int, start: int, number: int) -> list[dict[str, Any]] | None:
        """Return some of the items of a container; None if it is none."""
        place = self._places.find(reference)
        try:
            value = self._fetch(*place) if place is not None else None
        except LookupError:
            return None
        if place is None or not parts_of(value).are_items:
            return None
        known = Known(value, _atom(place[0]), place[1])
        return self._explorer.page(reference, known, start, number)

    def _count(self, reference: int, variables: list[dict[str, Any]]) -> None:
        """Say of large containers how many items they have."""
        names, frame = countable(variables), self._places.frame_of(reference)
        if not names or frame is None:
            return
        try:
            values = dict(zip(names, self._fetch(f"({','.join(names)},)", frame), strict=True))
        except LookupError:
            return
        for each in variables:
            if each["name"] in values and (size := _size(values[each["name"]])):
                each["indexedVariables"] = size

    # -- what is changed -----------------------------------------------------------------------

    def _set_variable(self, request: Request) -> Response:
        """Change an item of a page here; what debugpy has listed, it changes itself, but says nothing of errors."""
        arguments = arguments_of(request)
        reference, name = int(arguments["variablesReference"]), str(arguments["name"])
        expression = self._explorer.expression_of(reference, name)
        is_debugpys = expression is None and reference < FIRST_REFERENCE
        frame = self._frame_of(reference)
        if frame is None:
            if is_debugpys:
                return self._forward(request)
            return failure(request, "variables can be set while the program is stopped")
        if not is_debugpys and not expression:
            return failure(request, f"{name} cannot be assigned to")
        try:
            with self._taken(str(arguments["value"]), frame) as taken:
                if is_debugpys:
                    arguments = dict(arguments) | {"value": taken}
                    return self._forward(dict(request) | {"arguments": arguments})
                return self._set_item(request, str(expression), taken, frame)
        except LookupError as error:
            return failure(request, str(error))

    @contextmanager
    def _taken(self, source: str, frame: int) -> Iterator[str]:
        """Evaluate what a person has written for a value, once; yields an expression that gives it, which debugpy evaluates as often as it likes.

        Raises:
            LookupError: It cannot be evaluated.
        """
        if not source.strip():
            raise LookupError("expected an expression, got none")
        whole = f"(\n{source}\n)"  # there may be a comment, or a comma
        try:
            compile(whole, "<value>", "eval", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        except (SyntaxError, ValueError) as error:
            raise LookupError(f"{source!r} is no expression: {error.args[0]}") from None
        value = self._fetch(whole, frame)
        number = next(_numbers)
        deposit(number, value)
        try:
            yield f"__import__('sys').modules[{__name__!r}].deposited({number})"
        finally:
            del _deposited[number]

    def _set_item(self, request: Request, expression: str, taken: str, frame: int) -> Response:
        written = arguments_of(request)["value"]
        before = self._fetch(expression, frame)
        answer = self._ask_frame(f"{expression} = {taken}", frame, "repl")
        if not answer.get("success"):
            return failure(request, str(answer.get("message") or "it cannot be set"))
        after = self._fetch(expression, frame)
        if after is not before and safe_repr(after) == safe_repr(before) != written:
            # a column of a table is a copy, which has taken it
            return failure(request, f"{expression} is a copy: assigning to it changes nothing")
        described = self._explorer.describe(after, expression, frame)
        return success(request, {k: v for k, v in described.items() if k != "name"})

    def _set_expression(self, request: Request) -> Response:
        if not str(arguments_of(request).get("value", "")).strip():
            return failure(request, "expected an expression, got none")
        return self._forward(request)

    def _frame_of(self, reference: int) -> int | None:
        known = self._explorer.find(reference)
        return self._places.frame_of(reference) if known is None else known.frame

    def _copy_to_globals(self, request: Request) -> Response:
        arguments = arguments_of(request)
        source, target = arguments["srcVariableName"], arguments["dstVariableName"]
        if not (isinstance(target, str) and target.isidentifier()):
            return failure(request, f"expected the name of a variable, got {target!r}")
        try:
            value = self._value(source, arguments.get("srcFrameId"))
        except LookupError as error:
            return failure(request, str(error))
        self._shell.push({target: value})
        return success(request, {"type": type(value).__name__, "variablesReference": 0})

    # -- values --------------------------------------------------------------------------------

    def _rich_inspect(self, request: Request) -> Response:
        arguments = arguments_of(request)
        name = arguments["variableName"]
        if name in _GROUPS:
            return success(request, {"data": {}, "metadata": {}})
        try:
            value = self._value(name, arguments.get("frameId"))
        except LookupError as error:
            return failure(request, str(error)) | {"body": {"data": {}, "metadata": {}}}
        data, metadata = self._shell.display_formatter.format(value)
        return success(
            request,
            {"data": data, "metadata": {k: v for k, v in metadata.items() if k in data}},
        )

    def _value(self, name: Any, frame_id: Any) -> Any:
        """Return the value of a variable, of a stopped frame if there is one.

        Raises:
            LookupError: There is no such variable.
        """
        if not (isinstance(name, str) and name.isidentifier()):
            raise LookupError(f"expected the name of a variable, got {name!r}")
        if not self._is_stopped() or frame_id is None:
            if name not in self._shell.user_ns:
                raise LookupError(f"there is no variable {name!r}")
            return self._shell.user_ns[name]
        return self._fetch(name, frame_id)

    def _fetch(self, expression: str, frame_id: int) -> Any:
        """Return the value of an expression in a stopped frame: the frame is in this process, and its value can be had as it is.

        Raises:
            LookupError: It cannot be evaluated.
        """
        number = next(_numbers)
        code = f"__import__('sys').modules[{__name__!r}].deposit({number}, {expression})"
        answer = self._ask_frame(code, frame_id, "clipboard")
        if number not in _deposited:
            told = (answer.get("body") or {}).get("result") or answer.get("message")
            raise LookupError(str(told or f"there is no {expression!r}"))
        return _deposited.pop(number)

    def _ask_frame(self, code: str, frame_id: int, context: str) -> Response:
        return self._forward(
            request("evaluate", expression=code, frameId=frame_id, context=context)
        )


def _size(value: Any) -> int:
    """Return how many items a large container, or a table, has; 0 for everything else."""
    parts = parts_of(value)
    is_shown = parts.count > LARGE or is_frame(value) or is_series(value) or table_of(value)
    return parts.count if parts.are_items and is_shown else 0


def _atom(expression: str) -> str:
    """Return an expression that an index can follow."""
    return expression if expression.replace(".", "").isidentifier() else f"({expression})"


def _is_cache(name: str) -> bool:
    """Tell whether a name is one of the caches of inputs and outputs."""
    return name in _CACHES or name.removeprefix("_i").isdigit() or name.removeprefix("_").isdigit()


def _is_the_kernels(name: str) -> bool:
    return name in _KERNELS or _is_cache(name)
