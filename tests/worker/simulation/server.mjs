/**
 * The simulation as a process: one JSON command a line on its standard input, one JSON answer a line on its standard output.
 * The first line has {mutation}, which may be null. A mutation {file, edits: [[from, to], …]} replaces texts of a worker's module before it is loaded.
 */
import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { createInterface } from "node:readline";

const WORKER = new URL("../../../workers/backfill/", import.meta.url);
const write = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { mutation } = JSON.parse((await lines.next()).value);

let mutated = mutation === null;
registerHooks({
  load(url, context, next) {
    if (url !== new URL(mutation?.file ?? "", WORKER).href) return next(url, context);
    let source = readFileSync(new URL(url), "utf8");
    mutated = mutation.edits.every(([from]) => source.split(from).length === 2);
    for (const [from, to] of mutation.edits) source = source.replace(from, () => to);
    return { format: "module", source, shortCircuit: true };
  },
});
const worker = { ...(await import(new URL("worker.js", WORKER))), ...(await import(new URL("limits.js", WORKER))) };
const { Driver } = await import("./driver.mjs");
write({ ready: mutated });

const driver = new Driver(worker);
for await (const line of { [Symbol.asyncIterator]: () => lines }) {
  const { do: command, ...given } = JSON.parse(line);
  try {
    write(await driver.run(command, given));
  } catch (error) {
    write({ error: String(error?.stack ?? error) });
  }
}
