/**
 * The edge's one process: Miniflare over workerd, the scripts' addresses, and the control socket.
 * It prints `ready` when it is ready. It ends, and workerd with it, when its standard input closes or a signal arrives.
 */
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { Addresses } from "./addresses.mjs";
import { createControlServer } from "./control.mjs";
import { Clock } from "./runtime/clock.mjs";
import { Runtime } from "./runtime/runtime.mjs";
import { SwapLock } from "./swap_lock.mjs";
import { Traces } from "./traces.mjs";

const { values } = parseArgs({
  options: { folder: { type: "string" }, socket: { type: "string" }, "drain-limit": { type: "string" } },
});
const { folder = "", socket = "" } = values;

// Miniflare kills workerd and removes its temporary files on every exit.
process.on("exit", () => fs.rmSync(path.dirname(socket), { recursive: true, force: true }));
process.stdin.resume().on("close", () => process.exit(0));
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => process.exit(0));

const lock = new SwapLock(Number(values["drain-limit"]));
const clock = new Clock();
const traces = new Traces(lock, clock);
const runtime = new Runtime(folder, lock, traces, clock, path.join(path.dirname(socket), "q"));
const addresses = new Addresses(lock, clock, (name, overrides) => runtime.route(name, overrides));
await runtime.start();
await once(createControlServer({ addresses, runtime, traces, lock }).listen(socket), "listening");
process.stdout.write("ready\n");
