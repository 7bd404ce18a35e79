"""What each type of message says: a `TypedDict` for each content, and a table of all message types.

From here come the JSON Schemas and the checks of `nuncius.protocol.schemas`, the reference in the documentation, and the TypeScript types of the notebook's user interface: a field is described once.

Contents stay plain mappings. Fields that are not listed here are allowed in every content; kernels and frontends add their own.

Source: "Messaging in Jupyter", protocol 5.5; JEP 65 (iopub_welcome), 66 (handshake), 91 (subshells); the Debug Adapter Protocol.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from nuncius.protocol.messages import Channel

__all__ = [
    "MESSAGES",
    "Aborted",
    "ClearOutput",
    "CommClose",
    "CommInfoOk",
    "CommInfoRequest",
    "CommMsg",
    "CommOpen",
    "CompleteOk",
    "CompleteRequest",
    "CompletionMetadata",
    "ConnectOk",
    "CreateSubshellOk",
    "DebugEvent",
    "DebugReply",
    "DebugRequest",
    "DeleteSubshellRequest",
    "DisplayData",
    "Empty",
    "Error",
    "ExecuteInput",
    "ExecuteMetadata",
    "ExecuteOk",
    "ExecuteRequest",
    "ExecuteResult",
    "Failed",
    "Handshake",
    "HistoryOk",
    "HistoryRequest",
    "InputReply",
    "InputRequest",
    "InspectOk",
    "InspectRequest",
    "InterruptRequest",
    "IopubWelcome",
    "IsCompleteReply",
    "IsCompleteRequest",
    "KernelInfoOk",
    "LanguageInfo",
    "ListSubshellOk",
    "MessageType",
    "MimeBundle",
    "Ok",
    "Payload",
    "PublishedMessage",
    "ReplayOk",
    "ShutdownOk",
    "ShutdownRequest",
    "Status",
    "Stream",
    "Transient",
    "TypedCompletion",
    "UpdateDisplayData",
    "UsageReply",
    "Variable",
    "VariablesOk",
    "VariablesRequest",
]

#: MIME type -> content: text for most types, any JSON for those that end in ``json``, base64 for binary ones.
MimeBundle = dict[str, Any]


# -- parts of several messages


class Empty(TypedDict):
    """Nothing: the type says it all."""


class InterruptRequest(TypedDict):
    """What to interrupt."""

    msg_id: NotRequired[
        Annotated[
            str | None,
            "An extension: of an `execute_request`. Only that is interrupted, whether it runs, waits behind others (then it is answered as `aborted` when its turn comes), or has left something running in the background. None for what runs. Kernels whose `supported_features` do not name `interrupt cell` interrupt what runs.",
        ]
    ]


class Ok(TypedDict):
    """It was done."""

    status: Annotated[Literal["ok"], "That it was done."]


class Failed(TypedDict):
    """The request failed: the reply to any request may be this."""

    status: Annotated[Literal["error"], "That it failed."]
    ename: Annotated[str, "The name of the exception's class, in the kernel's language."]
    evalue: Annotated[str, "The text of the exception."]
    traceback: NotRequired[Annotated[list[str], "Lines to show, with ANSI colors."]]
    execution_count: NotRequired[
        Annotated[int | None, "In replies to execute_request: the count of the cell."]
    ]


class Aborted(TypedDict):
    """The request was not run, because an earlier one failed."""

    status: Annotated[Literal["aborted"], "That it was not run."]


class HelpLink(TypedDict):
    """An entry of a frontend's help menu."""

    text: Annotated[str, "The label."]
    url: Annotated[str, "Where it leads to."]


class Transient(TypedDict):
    """What is said about an output and not saved with it."""

    display_id: NotRequired[
        Annotated[str, "A name by which update_display_data can replace the output."]
    ]


# -- shell: code


class ExecuteRequest(TypedDict):
    """Run code."""

    code: Annotated[str, "The source: one cell."]
    silent: NotRequired[
        Annotated[bool, "Publish nothing, store nothing, count nothing. False by default."]
    ]
    store_history: NotRequired[
        Annotated[bool, "Keep it in the history and count it. True by default, false when silent."]
    ]
    user_expressions: NotRequired[
        Annotated[dict[str, Any], "Name -> expression, evaluated if the code succeeds."]
    ]
    allow_stdin: NotRequired[
        Annotated[bool, "The frontend answers input requests. True by default."]
    ]
    stop_on_error: NotRequired[
        Annotated[bool, "If it fails, abort the execute requests that wait. True by default."]
    ]


class ExecuteMetadata(TypedDict):
    """Metadata that notebooks send with execute_request."""

    cellId: NotRequired[Annotated[str, "Id of the notebook's cell."]]
    deletedCells: NotRequired[Annotated[list[str], "Ids of cells that were deleted since."]]


class Payload(TypedDict):
    """What the frontend is asked to do after a cell."""

    source: Annotated[
        str,
        "`page` (show `data`, a MIME bundle, from line `start`), `set_next_input` (put `text` into the next cell, or into this one with `replace`), `edit_magic` (open `filename` at `line_number`) or `ask_exit` (close; leave the kernel with `keepkernel`).",
    ]


class ExecuteOk(TypedDict):
    """The code ran to its end."""

    status: Annotated[Literal["ok"], "That it ran to its end."]
    execution_count: Annotated[int | None, "The count of the cell, that of its `In [n]`."]
    payload: NotRequired[Annotated[list[Payload], "What the frontend is asked to do."]]
    user_expressions: NotRequired[
        Annotated[
            dict[str, Any],
            "Name -> `status` ok with `data` and `metadata`, or `status` error as in a failed reply.",
        ]
    ]


class InspectRequest(TypedDict):
    """Ask what is known of the object at the cursor."""

    code: Annotated[str, "The source as it is."]
    cursor_pos: NotRequired[
        Annotated[int | None, "The cursor in `code`, in Unicode code points. The end by default."]
    ]
    detail_level: NotRequired[Annotated[int, "0 (default) as for `name?`, 1 as for `name??`."]]
    omit_sections: NotRequired[Annotated[list[str], "Sections that the frontend does not want."]]


class InspectOk(TypedDict):
    """What is known of the object."""

    status: Annotated[
        Literal["ok"], "That the request was understood, whether or not anything was found."
    ]
    found: Annotated[bool, "There is such an object."]
    data: Annotated[MimeBundle, "What to show, empty if nothing was found."]
    metadata: NotRequired[Annotated[dict[str, Any], "Of the MIME bundle."]]


class CompleteRequest(TypedDict):
    """Ask for completions."""

    code: Annotated[str, "The source as it is."]
    cursor_pos: NotRequired[
        Annotated[int | None, "The cursor in `code`, in Unicode code points. The end by default."]
    ]


class TypedCompletion(TypedDict):
    """A completion with what is known of it."""

    start: Annotated[int, "Where it starts to replace code."]
    end: Annotated[int, "Where it stops to replace code."]
    text: Annotated[str, "What is put there."]
    type: NotRequired[
        Annotated[str | None, "Such as `function`, `class`, `module`, `magic`, `path`."]
    ]
    signature: NotRequired[Annotated[str | None, "Of a function: `(x, y)`."]]


class CompletionMetadata(TypedDict):
    """Metadata of completions."""

    _jupyter_types_experimental: NotRequired[
        Annotated[list[TypedCompletion], "One for each match."]
    ]


class CompleteOk(TypedDict):
    """Completions."""

    status: Annotated[Literal["ok"], "That the request was understood."]
    matches: Annotated[list[str], "What can be put in the place of `cursor_start` to `cursor_end`."]
    cursor_start: Annotated[int, "Where the text that is replaced starts, in Unicode code points."]
    cursor_end: Annotated[int, "Where it stops."]
    metadata: NotRequired[Annotated[CompletionMetadata, "What is known of the matches."]]


class IsCompleteRequest(TypedDict):
    """Ask whether code can be run, or a person should go on typing."""

    code: Annotated[str, "The source typed so far."]


class IsCompleteReply(TypedDict):
    """Whether the code can be run."""

    status: Annotated[
        Literal["complete", "incomplete", "invalid", "unknown"],
        "`unknown`: the kernel cannot tell.",
    ]
    indent: NotRequired[Annotated[str, "What the next line of incomplete code should start with."]]


class HistoryRequest(TypedDict):
    """Ask for earlier cells."""

    hist_access_type: Annotated[Literal["range", "tail", "search"], "Which part of the history."]
    output: NotRequired[Annotated[bool, "With the results. False by default."]]
    raw: NotRequired[Annotated[bool, "As typed, rather than as Python. True by default."]]
    session: NotRequired[
        Annotated[int, "For `range`: of this number; 0 is this one, -1 the one before."]
    ]
    start: NotRequired[Annotated[int | None, "For `range`: the first cell."]]
    stop: NotRequired[Annotated[int | None, "For `range`: the cell after the last."]]
    n: NotRequired[Annotated[int | None, "For `tail` and `search`: at most so many."]]
    pattern: NotRequired[
        Annotated[str | None, "For `search`: with `*` and `?` for any characters."]
    ]
    unique: NotRequired[Annotated[bool, "For `search`: each source once. False by default."]]


class HistoryOk(TypedDict):
    """Earlier cells."""

    status: Annotated[Literal["ok"], "That the request was understood."]
    history: Annotated[
        list[tuple[int, int, Any]],
        "For each cell: session, number, and the source; with `output`, source and result.",
    ]


# -- shell: about the kernel


class LanguageInfo(TypedDict):
    """The language that a kernel runs."""

    name: Annotated[str, "Such as `python`."]
    version: NotRequired[Annotated[str, "Such as `3.13.0`."]]
    mimetype: NotRequired[Annotated[str, "Of its source files."]]
    file_extension: NotRequired[Annotated[str, "Of its source files, with the dot."]]
    pygments_lexer: NotRequired[Annotated[str, "Where it is not the name."]]
    codemirror_mode: NotRequired[Annotated[str | dict[str, Any], "Where it is not the name."]]
    nbconvert_exporter: NotRequired[Annotated[str, "That makes a script of a notebook."]]


class KernelInfoOk(TypedDict):
    """What a kernel says of itself."""

    status: Annotated[Literal["ok"], "That the kernel is there."]
    protocol_version: Annotated[str, "Of the message specification: `5.5`."]
    implementation: Annotated[str, "Name of the kernel."]
    implementation_version: NotRequired[Annotated[str, "Version of the kernel."]]
    language_info: Annotated[LanguageInfo, "The language that it runs."]
    banner: Annotated[str, "What consoles show at the start."]
    help_links: NotRequired[Annotated[list[HelpLink], "For a help menu."]]
    supported_features: NotRequired[
        Annotated[
            list[str],
            "Such as `debugger`, `interrupt cell`, `kernel subshells`, `replay` and `variables`.",
        ]
    ]
    debugger: NotRequired[Annotated[bool, "Deprecated: `supported_features` says it."]]


class ConnectOk(TypedDict):
    """The ports of a kernel. Deprecated: a client has the connection file."""

    status: NotRequired[Annotated[Literal["ok"], "That the kernel is there."]]
    shell_port: Annotated[int, "Of the shell channel."]
    iopub_port: Annotated[int, "Of the iopub channel."]
    stdin_port: Annotated[int, "Of the stdin channel."]
    hb_port: Annotated[int, "Of the heartbeat."]
    control_port: NotRequired[Annotated[int, "Of the control channel."]]


# -- comms


class CommInfoRequest(TypedDict):
    """Ask for the open comms."""

    target_name: NotRequired[Annotated[str | None, "Only those of this target."]]


class CommTarget(TypedDict):
    """An open comm."""

    target_name: Annotated[str, "Its target."]


class CommInfoOk(TypedDict):
    """The open comms."""

    status: NotRequired[Annotated[Literal["ok"], "That the request was understood."]]
    comms: Annotated[dict[str, CommTarget], "Comm id -> its target."]


class CommOpen(TypedDict):
    """Open a comm: a two-way stream of messages between an object in the kernel and one in the frontend."""

    comm_id: Annotated[str, "New and unique; all later messages bear it."]
    target_name: Annotated[
        str, "Who takes it at the other end. If nobody does, the other end closes it."
    ]
    data: Annotated[Any, "For the target."]
    target_module: NotRequired[Annotated[str | None, "Where a frontend finds the target."]]


class CommMsg(TypedDict):
    """Say something on a comm."""

    comm_id: Annotated[str, "Of the comm."]
    data: Annotated[Any, "For the other end."]


class CommClose(TypedDict):
    """Close a comm; nothing is said on it afterwards."""

    comm_id: Annotated[str, "Of the comm."]
    data: NotRequired[Annotated[Any, "For the other end."]]


# -- control


class ShutdownRequest(TypedDict):
    """End the kernel."""

    restart: Annotated[bool, "It will be started again."]


class ShutdownOk(TypedDict):
    """The kernel ends now."""

    status: NotRequired[Annotated[Literal["ok"], "That it ends."]]
    restart: Annotated[bool, "As in the request."]


class DebugRequest(TypedDict):
    """A request of the Debug Adapter Protocol; Jupyter adds dumpCell, debugInfo, inspectVariables, richInspectVariables, copyToGlobals and modules."""

    type: Annotated[Literal["request"], "That it is a request."]
    seq: Annotated[int, "Number of the message."]
    command: Annotated[str, "Such as `setBreakpoints`."]
    arguments: NotRequired[Annotated[Any, "Of the command."]]


class DebugReply(TypedDict):
    """A response of the Debug Adapter Protocol."""

    type: NotRequired[Annotated[Literal["response"], "That it is a response."]]
    request_seq: NotRequired[Annotated[int, "Number of the request."]]
    success: NotRequired[Annotated[bool, "It was done."]]
    command: NotRequired[Annotated[str, "As in the request."]]
    message: NotRequired[Annotated[str, "Why it was not done."]]
    body: NotRequired[Annotated[Any, "The result."]]


class DebugEvent(TypedDict):
    """An event of the Debug Adapter Protocol."""

    type: Annotated[Literal["event"], "That it is an event."]
    event: Annotated[str, "Such as `stopped`."]
    seq: NotRequired[Annotated[int, "Number of the message."]]
    body: NotRequired[Annotated[Any, "What the event says."]]


class UsageReply(TypedDict):
    """The use of memory and processor."""

    hostname: NotRequired[Annotated[str, "Of the kernel's machine."]]
    pid: NotRequired[Annotated[int, "Of the kernel's process."]]
    kernel_cpu: NotRequired[
        Annotated[float, "Percent of one processor that the kernel and its children use."]
    ]
    kernel_memory: NotRequired[Annotated[float, "Bytes that the kernel and its children use."]]
    cpu_count: NotRequired[Annotated[int | None, "Processors of the machine."]]
    host_cpu_percent: NotRequired[Annotated[float, "Percent of all processors in use."]]
    host_virtual_memory: NotRequired[
        Annotated[dict[str, Any], "Bytes `total`, `available`, `used`, `free`, and `percent`."]
    ]


class VariablesRequest(TypedDict):
    """Ask for variables, or for what is in one, a page at a time; also while a cell runs. None of the program's own code runs for it."""

    path: NotRequired[
        Annotated[
            list[str | int],
            "What to look into: the name of a variable, then the `position` of a part in it, and so on. Empty or missing: the variables themselves.",
        ]
    ]
    offset: NotRequired[
        Annotated[int, "The position of the first one that is wanted. 0 by default."]
    ]
    limit: NotRequired[
        Annotated[int, "How many are wanted. 100 by default; a kernel may have a limit of its own."]
    ]


class Variable(TypedDict):
    """A variable, or a part of one: an item, a column, an attribute."""

    name: Annotated[str, "Its name; of an item, its index or its key as it is written."]
    position: Annotated[int, "Its place among the others; what a `path` is made of."]
    type: Annotated[str, "The name of its type."]
    value: Annotated[str, "What it is, in a line."]
    parts: Annotated[
        int, "How many items, columns or attributes are in it; 0 if there is nothing to look into."
    ]
    expression: NotRequired[Annotated[str, "Code that gives it; missing where there is none."]]
    shape: NotRequired[Annotated[list[int], "Of an array or a table: its size along each axis."]]
    dtype: NotRequired[Annotated[str, "Of an array or a column: the type of its items."]]
    bytes: NotRequired[Annotated[int, "The memory that its data takes, where that is known."]]


class VariablesOk(TypedDict):
    """A page of variables. Ask kernels whose `supported_features` name `variables`."""

    status: Annotated[Literal["ok"], "That the request was understood."]
    variables: Annotated[list[Variable], "Those from `offset` on."]
    offset: Annotated[int, "The position of the first; never behind the end."]
    total: Annotated[int, "How many there are."]


class CreateSubshellOk(TypedDict):
    """A subshell was made: requests whose header has its id run beside all others."""

    status: Annotated[Literal["ok"], "That it was made."]
    subshell_id: Annotated[str, "Of the subshell."]


class DeleteSubshellRequest(TypedDict):
    """End a subshell when it has run what it was given."""

    subshell_id: Annotated[str, "Of the subshell."]


class ListSubshellOk(TypedDict):
    """The subshells."""

    status: Annotated[Literal["ok"], "That the request was understood."]
    subshell_id: Annotated[list[str], "Their ids."]


class PublishedMessage(TypedDict):
    """A message that was published before."""

    header: Annotated[dict[str, Any], "Its header: what was seen before has the same `msg_id`."]
    parent_header: Annotated[dict[str, Any], "Of the request that caused it; may be empty."]
    metadata: Annotated[dict[str, Any], "Its metadata."]
    content: Annotated[dict[str, Any], "Its content."]


class ReplayOk(TypedDict):
    """The last output, for a frontend that comes later. Ask kernels whose `supported_features` name `replay`."""

    status: Annotated[Literal["ok"], "That the request was understood."]
    messages: Annotated[list[PublishedMessage], "What was published last, oldest first."]
    forgotten: Annotated[int, "Messages for which there was no room any more."]


# -- iopub


class Status(TypedDict):
    """What the kernel is doing; busy and idle stand around all else that a request causes."""

    execution_state: Annotated[
        Literal["busy", "idle", "starting", "restarting", "autorestarting", "dead"],
        "The last three are said by who watches the kernel, such as a notebook server.",
    ]


class Stream(TypedDict):
    """Text of a running cell."""

    name: Annotated[Literal["stdout", "stderr"], "The file that it was written to."]
    text: Annotated[str, "What was written; terminals' control characters count."]


class DisplayData(TypedDict):
    """Something to show."""

    data: Annotated[
        MimeBundle, "The same thing in several forms; a frontend shows the best that it can."
    ]
    metadata: Annotated[dict[str, Any], "Of the forms, by MIME type, or of all."]
    transient: NotRequired[Annotated[Transient, "What is not saved."]]


class UpdateDisplayData(TypedDict):
    """Replace what was shown under a name, wherever it stands."""

    data: Annotated[MimeBundle, "The new forms."]
    metadata: Annotated[dict[str, Any], "Of the forms."]
    transient: Annotated[Transient, "The name: `display_id`."]


class ExecuteInput(TypedDict):
    """The code that runs now, for all frontends."""

    code: Annotated[str, "The source."]
    execution_count: Annotated[int, "The count of the cell."]


class ExecuteResult(TypedDict):
    """The value of a cell."""

    execution_count: Annotated[int | None, "The count of the cell, that of its `Out[n]`."]
    data: Annotated[MimeBundle, "The value in several forms."]
    metadata: Annotated[dict[str, Any], "Of the forms."]
    transient: NotRequired[Annotated[Transient, "What is not saved."]]


class Error(TypedDict):
    """A cell failed."""

    ename: Annotated[str, "The name of the exception's class."]
    evalue: Annotated[str, "The text of the exception."]
    traceback: Annotated[list[str], "Lines to show, with ANSI colors."]


class ClearOutput(TypedDict):
    """Take away what the cell has put out."""

    wait: NotRequired[
        Annotated[
            bool, "Only when something new comes: animations do not flicker. False by default."
        ]
    ]


class IopubWelcome(TypedDict):
    """A subscription has begun: nothing is missed from here on."""

    subscription: Annotated[str, "The topic that was subscribed to."]


# -- stdin


class InputRequest(TypedDict):
    """Ask the person for a line of text."""

    prompt: Annotated[str, "What to show."]
    password: NotRequired[Annotated[bool, "Do not show what is typed. False by default."]]


class InputReply(TypedDict):
    """The line of text."""

    value: Annotated[str, "What was typed, without a line end."]


# -- not a message of its own


class Handshake(TypedDict):
    """What a kernel sends to the registration address once it has bound its sockets; ports are written as text."""

    kernel_id: Annotated[str, "As given to the kernel."]
    shell_port: Annotated[str | int, "Of the shell channel."]
    iopub_port: Annotated[str | int, "Of the iopub channel."]
    stdin_port: Annotated[str | int, "Of the stdin channel."]
    control_port: Annotated[str | int, "Of the control channel."]
    hb_port: Annotated[str | int, "Of the heartbeat."]


# -- the table


@dataclass(frozen=True, slots=True)
class MessageType:
    """What is known of a type of message.

    Attributes:
        name: The ``msg_type``.
        contents: What its content may be: one of these.
        channels: What it travels on.
        sender: ``client``, ``kernel``, or ``both``.
        summary: One line.
        reply: The type of the reply, for requests.
        request: The type of the request, for replies.
        deprecated: There is a better way.
    """

    name: str
    contents: Sequence[type]
    channels: frozenset[Channel]
    sender: Literal["client", "kernel", "both"]
    summary: str
    reply: str | None = None
    request: str | None = None
    deprecated: bool = False


_SHELL = frozenset({Channel.SHELL, Channel.CONTROL})
_CONTROL = frozenset({Channel.CONTROL})
_IOPUB = frozenset({Channel.IOPUB})
_STDIN = frozenset({Channel.STDIN})


def _asked(
    stem: str,
    request: type,
    reply: type,
    summary: str,
    channels: frozenset[Channel] = _SHELL,
    *others: type,
    also_on: frozenset[Channel] = frozenset(),
    deprecated: bool = False,
) -> list[MessageType]:
    """Return a request and its reply."""
    asked, answer = f"{stem}_request", f"{stem}_reply"
    return [
        MessageType(asked, [request], channels, "client", summary, answer, None, deprecated),
        MessageType(
            answer,
            [reply, *others, Failed],
            channels | also_on,
            "kernel",
            f"The answer to `{asked}`.",
            None,
            asked,
            deprecated,
        ),
    ]


def _told(
    name: str,
    content: type,
    summary: str,
    channels: frozenset[Channel] = _IOPUB,
    sender: Literal["client", "kernel", "both"] = "kernel",
) -> list[MessageType]:
    """Return a message that is no request."""
    return [MessageType(name, [content], channels, sender, summary)]


_BOTH_WAYS = frozenset({Channel.SHELL, Channel.CONTROL, Channel.IOPUB})

_ALL = [
    *_asked("execute", ExecuteRequest, ExecuteOk, "Run code.", _SHELL, Aborted),
    *_asked("inspect", InspectRequest, InspectOk, "Ask what is known of an object."),
    *_asked("complete", CompleteRequest, CompleteOk, "Ask for completions."),
    *_asked("history", HistoryRequest, HistoryOk, "Ask for earlier cells."),
    *_asked("is_complete", IsCompleteRequest, IsCompleteReply, "Ask whether code can be run."),
    *_asked("kernel_info", Empty, KernelInfoOk, "Ask what the kernel is."),
    *_asked("connect", Empty, ConnectOk, "Ask for the ports.", deprecated=True),
    *_asked("comm_info", CommInfoRequest, CommInfoOk, "Ask for the open comms."),
    *_asked("shutdown", ShutdownRequest, ShutdownOk, "End the kernel.", also_on=_IOPUB),
    *_asked("interrupt", InterruptRequest, Ok, "Stop what runs.", _CONTROL),
    *_asked("debug", DebugRequest, DebugReply, "Talk to the debugger.", _CONTROL),
    *_asked("usage", Empty, UsageReply, "Ask for the use of memory and processor.", _CONTROL),
    *_asked("variables", VariablesRequest, VariablesOk, "Ask for variables."),
    *_asked("create_subshell", Empty, CreateSubshellOk, "Make a subshell.", _CONTROL),
    *_asked("delete_subshell", DeleteSubshellRequest, Ok, "End a subshell.", _CONTROL),
    *_asked("list_subshell", Empty, ListSubshellOk, "Ask for the subshells.", _CONTROL),
    *_asked("replay", Empty, ReplayOk, "Ask for the last output.", _CONTROL),
    *_told("status", Status, "What the kernel is doing."),
    *_told("execute_input", ExecuteInput, "The code that runs now."),
    *_told("stream", Stream, "Text of a running cell."),
    *_told("display_data", DisplayData, "Something to show."),
    *_told("update_display_data", UpdateDisplayData, "Replace what was shown."),
    *_told("execute_result", ExecuteResult, "The value of a cell."),
    *_told("error", Error, "A cell failed."),
    *_told("clear_output", ClearOutput, "Take away what the cell has put out."),
    *_told("debug_event", DebugEvent, "An event of the debugger."),
    *_told("iopub_welcome", IopubWelcome, "A subscription has begun."),
    *_told("comm_open", CommOpen, "Open a comm.", _BOTH_WAYS, "both"),
    *_told("comm_msg", CommMsg, "Say something on a comm.", _BOTH_WAYS, "both"),
    *_told("comm_close", CommClose, "Close a comm.", _BOTH_WAYS, "both"),
    MessageType(
        "input_request",
        [InputRequest],
        _STDIN,
        "kernel",
        "Ask the person for a line.",
        "input_reply",
    ),
    MessageType(
        "input_reply",
        [InputReply],
        _STDIN,
        "client",
        "The answer to `input_request`.",
        None,
        "input_request",
    ),
]

#: Every type of message of the protocol, by its name. Others may be sent; nothing is known of them.
MESSAGES: Mapping[str, MessageType] = {kind.name: kind for kind in _ALL}
