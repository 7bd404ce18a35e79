// Record the conversation of a notebook in VS Code: its client is @jupyterlab/services' KernelConnection over ZeroMQ, which is what runs here.
//
//   npm install @jupyterlab/services zeromq
//   node record_vscode.cjs PYTHON OUT.json     (PYTHON has ipykernel and debugpy)
//
// What the person and the extension do is written below, in an order chosen by hand, not recorded from the extension; each message that is sent, and what the
// peer's kernel says to it, is recorded as it went over the wire.
"use strict";
const { spawn } = require("child_process");
const { createHmac, randomUUID } = require("crypto");
const fs = require("fs");
const os = require("os");
const path = require("path");
const zmq = require("zeromq");
const { ServerConnection } = require("@jupyterlab/services");
const { KernelConnection } = require("@jupyterlab/services/lib/kernel/default");

const [python, target] = process.argv.slice(2);
const key = randomUUID();
const recorded = [];
let socket, dumped;

/** What KernelConnection takes for a WebSocket: ZeroMQ's sockets of one kernel, as the extension's raw kernel has it. */
class RawSocket {
  static OPEN = 1;
  readyState = 0;
  protocol = "";
  constructor() {
    socket = this;
    this.channels = {};
    this.queue = Promise.resolve();
    this.open();
  }
  async open() {
    const kinds = { shell: zmq.Dealer, control: zmq.Dealer, stdin: zmq.Dealer, iopub: zmq.Subscriber };
    for (const [name, Kind] of Object.entries(kinds)) {
      const channel = (this.channels[name] = name === "iopub" ? new Kind() : new Kind({ routingId: "vscode" }));
      channel.connect(`tcp://127.0.0.1:${ports[`${name}_port`]}`);
      if (name === "iopub") channel.subscribe("");
      this.read(name, channel);
    }
    this.readyState = 1;
    setTimeout(() => this.onopen?.({ target: this }));
  }
  async read(name, channel) {
    for await (const frames of channel) {
      const start = frames.findIndex((frame) => frame.toString() === "<IDS|MSG>");
      const [header, parent, metadata, content] = frames.slice(start + 2, start + 6).map((frame) => JSON.parse(frame.toString()));
      const message = { channel: name, header, parent_header: parent, metadata, content, buffers: [] };
      recorded.push({ from: "kernel", message });
      this.onmessage?.({ data: JSON.stringify(message), target: this });
    }
  }
  send(data) {
    const message = JSON.parse(data);
    recorded.push({ from: "frontend", message });
    const frames = [message.header, message.parent_header, message.metadata, message.content].map((part) => JSON.stringify(part));
    const signature = createHmac("sha256", key);
    frames.forEach((frame) => signature.update(frame));
    const wire = ["<IDS|MSG>", signature.digest("hex"), ...frames];
    this.queue = this.queue.then(() => this.channels[message.channel].send(wire));
  }
  close() {
    Object.values(this.channels).forEach((channel) => channel.close());
  }
}

const ports = {};
async function start() {
  for (const name of ["shell", "iopub", "stdin", "control", "hb"]) {
    const probe = new zmq.Dealer();
    await probe.bind("tcp://127.0.0.1:*");
    ports[`${name}_port`] = Number(probe.lastEndpoint.split(":").pop());
    probe.close();
  }
  const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "vscode-")), "kernel.json");
  fs.writeFileSync(file, JSON.stringify({ ...ports, key, ip: "127.0.0.1", transport: "tcp", signature_scheme: "hmac-sha256" }));
  return spawn(python, ["-Xfrozen_modules=off", "-m", "ipykernel_launcher", "-f", file], { stdio: "ignore" });
}

const until = async (look) => {
  const end = Date.now() + 20000;
  for (;;) {
    const found = look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`not in time: ${look}`);
    await new Promise((next) => setTimeout(next, 10));
  }
};

async function main() {
  const kernelProcess = await start();
  const settings = ServerConnection.makeSettings({ WebSocket: RawSocket, wsUrl: "RAW", baseUrl: "http://raw", token: "" });
  const model = { id: randomUUID(), name: "python3" };
  const kernel = new KernelConnection({ serverSettings: settings, model, handleComms: true, username: "vscode", clientId: randomUUID() });
  const info = await kernel.info;
  const say = (text) => recorded.push({ say: text });
  /** A cell of the extension's own: it leaves no trace. */
  const silent = (code) => kernel.requestExecute({ code, silent: true, stop_on_error: false, allow_stdin: false, store_history: false }, true).done;
  let cells = 0;
  const cell = (code) => kernel.requestExecute(
    { code, silent: false, stop_on_error: false, allow_stdin: true, store_history: true }, false,
    { cellId: `vscode-notebook-cell:/tmp/a.ipynb#W${cells++}sZmlsZQ%3D%3D` });
  const debug = (command, args) => kernel.requestDebug({ seq: ++debugged, type: "request", command, arguments: args }).done;
  let debugged = 0;
  const event = (name, since) => until(() => recorded.slice(since).find((each) => each.message?.header.msg_type === "debug_event" && each.message.content.event === name)?.message.content.body);

  say("The kernel is asked what it is, and runs the extension's own cells.");
  await silent("%config Completer.use_jedi = False");
  await silent("import os as _VSCODE_os\nimport sys as _VSCODE_sys\nif _VSCODE_os.path.exists('.') and '.' not in _VSCODE_sys.path:\n    _VSCODE_sys.path.append('.')\ndel _VSCODE_os, _VSCODE_sys");
  await silent("__vsc_ipynb_file__ = '/tmp/a.ipynb'");

  say("A person runs cells.");
  await cell("import math\nx = [1, 2]\nprint('printed')\nx").done;
  await cell("from IPython.display import HTML, display, clear_output\ndisplay(HTML('<b>bold</b>'))\nhandle = display('one', display_id=True)\nhandle.update('two')").done;
  await cell("import sys\nprint('gone')\nclear_output()\nprint('err', file=sys.stderr)").done;
  await cell("def f():\n    return 1 / 0\nf()").done;
  await silent("1 / 0").catch(() => null);
  await cell("len?").done;
  await cell("this is no Python").done;

  say("While they edit.");
  await kernel.requestComplete({ code: "math.fact", cursor_pos: 9 });
  await kernel.requestInspect({ code: "math.factorial(", cursor_pos: 14, detail_level: 0 });
  await kernel.requestInspect({ code: "nothing_at_all", cursor_pos: 14, detail_level: 0 });
  for (const code of ["x = 1", "for i in x:", "x = )"]) await kernel.requestIsComplete({ code });
  await kernel.requestHistory({ output: false, raw: true, hist_access_type: "tail", n: 2 });
  await kernel.requestCommInfo({});

  say("A question.");
  const asking = cell("input('Name? ')");
  asking.onStdin = (message) => kernel.sendInputReply({ status: "ok", value: "Ada" }, message.header);
  await asking.done;

  say("A widget's comm.");
  await cell("def opened(comm, message):\n    comm.on_msg(lambda heard: comm.send({'heard': heard['content']['data']}))\nget_ipython().kernel.comm_manager.register_target('mine', opened)").done;
  const comm = kernel.createComm("mine", randomUUID());
  await comm.open({ first: 1 }).done;
  await comm.send({ value: 5 }).done;
  await comm.close({}).done;

  say("The variables view.");
  await kernel.requestExecute({ code: "", silent: true, store_history: false, allow_stdin: false, stop_on_error: false, user_expressions: { value: "x[0]", missing: "nothing" } }, true).done;

  say("An interrupt while a cell sleeps, and while it computes.");
  for (const code of ["print('go', flush=True)\nimport time\ntime.sleep(60)", "print('go', flush=True)\nwhile True: pass"]) {
    const since = recorded.length;
    const running = cell(code);
    await until(() => recorded.slice(since).find((each) => each.message?.header.msg_type === "stream"));
    recorded.push({ signal: "SIGINT" });
    kernelProcess.kill("SIGINT");
    await running.done;
  }

  say("The debugger: the cells are dumped, breakpoints set, and the cell is run.");
  const code = "def add(a, b):\n    total = a + b\n    return total\n\nvalues = [add(n, 1) for n in (1, 2)]\nvalues";
  await debug("debugInfo", {});
  await debug("initialize", { clientID: "vscode", clientName: "Visual Studio Code", adapterID: "Python Kernel Debug Adapter", pathFormat: "path", linesStartAt1: true, columnsStartAt1: true, supportsVariableType: true, supportsVariablePaging: true, supportsRunInTerminalRequest: true, locale: "en", supportsProgressReporting: true, supportsInvalidatedEvent: true, supportsMemoryReferences: true, supportsArgsCanBeInterpretedByShell: true, supportsMemoryEvent: true, supportsStartDebuggingRequest: true, supportsANSIStyling: true });
  await debug("attach", { type: "Python Kernel Debug Adapter", name: "a.ipynb", request: "attach", internalConsoleOptions: "neverOpen", justMyCode: true, __mode: "debugCell" });
  dumped = (await debug("dumpCell", { code })).content.body.sourcePath;
  const source = { name: "a.ipynb, Cell 1", path: dumped };
  await debug("setBreakpoints", { source, lines: [3], breakpoints: [{ line: 3 }], sourceModified: false });
  await debug("setFunctionBreakpoints", { breakpoints: [] });
  await debug("setExceptionBreakpoints", { filters: ["uncaught"], filterOptions: [] });
  await debug("configurationDone");
  for (const command of ["next", "continue"]) {
    const since = recorded.length;
    if (command === "next") var running = cell(code);
    const thread = (await event("stopped", since)).threadId;
    await debug("threads");
    const frames = (await debug("stackTrace", { threadId: thread, startFrame: 0, levels: 20 })).content.body.stackFrames;
    const scopes = (await debug("scopes", { frameId: frames[0].id })).content.body.scopes;
    await debug("variables", { variablesReference: scopes[0].variablesReference });
    await debug("evaluate", { expression: "total * 10", frameId: frames[0].id, context: "watch" });
    await debug("setVariable", { variablesReference: scopes[0].variablesReference, name: "total", value: "total + 100" });
    const stepped = recorded.length;
    await debug(command, { threadId: thread });
    if (command === "next") {
      await event("stopped", stepped);
      await debug("continue", { threadId: thread });
    }
  }
  await running.done;
  await debug("disconnect", { restart: false, terminateDebuggee: false });
  await cell("values").done;

  say("The end.");
  await kernel.requestShutdown?.call(kernel).catch(() => null);
  const { createMessage } = require("@jupyterlab/services/lib/kernel/messages");
  const end = createMessage({ channel: "control", msgType: "shutdown_request", session: kernel.clientId, username: "vscode", content: { restart: false } });
  kernel.sendControlMessage?.(end, true, true) ?? socket.send(JSON.stringify(end));
  await until(() => recorded.find((each) => each.message?.header.msg_type === "shutdown_reply" && each.message.channel === "control"));
  fs.writeFileSync(target, "[\n" + recorded.map(kept).filter(Boolean).map((each) => JSON.stringify(each)).join(",\n") + "\n]\n");
  console.log(`${recorded.length} messages with ${info.implementation} ${info.implementation_version}`);
  kernelProcess.kill();
  process.exit(0);
}

const EVENTS = ["initialized", "stopped", "continued", "terminated"];

/** What is needed of a message: no names of users and sessions, no addresses, no pictures of errors. */
function kept(each) {
  if (!each.message) return each;
  const { channel, header, parent_header, metadata, content } = each.message;
  if (content.event && !EVENTS.includes(content.event)) return null;
  if (!parent_header.msg_id && channel === "iopub") return null;
  if (content.traceback) content.traceback = ["..."];
  const body = content.body ?? {};
  if (body.modules) body.modules.length = 1;
  if (body.stackFrames) body.stackFrames = body.stackFrames.filter((frame) => frame.source.path === dumped);
  const of = parent_header.msg_id ? { of: parent_header.msg_id } : {};
  const { subshell_id } = header;
  return { from: each.from, channel, type: header.msg_type, id: header.msg_id, ...of, ...(subshell_id ? { subshell_id } : {}), metadata: each.from === "frontend" ? metadata : {}, content };
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
