/**
 * The edge's one process: Miniflare over workerd, its front, and its control socket.
 * It prints one line when ready, and ends, workerd with it, when its standard input closes or a signal asks for it.
 */
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { control } from "./control.mjs";
import { Front } from "./front.mjs";
import { Gate } from "./gate.mjs";
import { Runtime } from "./runtime.mjs";
import { Traces } from "./traces.mjs";

const { values } = parseArgs({
  options: { folder: { type: "string" }, socket: { type: "string" }, "drain-limit": { type: "string" } },
});
const { folder = "", socket = "" } = values;

// Miniflare kills workerd and removes its temporary files on exit, whatever the reason.
process.on("exit", () => fs.rmSync(path.dirname(socket), { recursive: true, force: true }));
process.stdin.resume().on("close", () => process.exit(0));
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => process.exit(0));

const gate = new Gate(Number(values["drain-limit"]));
const traces = new Traces(gate);
const runtime = new Runtime(folder, gate, traces);
const front = new Front(gate, (name) => runtime.route(name));
await runtime.start();
await once(control({ front, runtime, traces, gate }).listen(socket), "listening");
process.stdout.write("ready\n");
