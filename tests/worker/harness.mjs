/**
 * Runs workers in one workerd for the tests. Reads {"worker", "workers": {name: {bindings, bucket, wrapped, source}}} as
 * its first line, prints {"control", "storage", "workers": {name: url}} as one line, and ends when its standard input closes.
 *
 * `worker` is the path of a bundle, and `source` replaces it for one worker. `wrapped` runs the bundle under probe.mjs
 * or under `wrapper`. Otherwise the bundle is the main module, as in production.
 * `producer` is the name of the queue that the binding DAYS sends to (null: no binding), and `consumes` lists the queues
 * of a worker. `storage` is the worker of storage.mjs, which reaches all buckets and handlers. Each request to `control` is
 * answered with the output since the last one.
 */
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Miniflare } from "../../rehearsal/edge/node/runtime/miniflare.mjs";

delete process.env.MINIFLARE_WORKERD_CONFIG_DEBUG; // it would write the secrets to a file
const input = createInterface({ input: process.stdin });
const { worker, persist, workers, wrapper = "probe.mjs" } = JSON.parse((await input[Symbol.asyncIterator]().next()).value);
const read = (name, path) => ({ type: "ESModule", path: `/${name}`, contents: readFileSync(path, "utf8") });
const probe = read("probe.mjs", new URL(wrapper, import.meta.url));
let output = "";
const names = Object.keys(workers);
const buckets = Object.values(workers).flatMap(({ bucket }) => bucket ?? []);
const storage = {
  name: "harness-storage",
  modules: [read("storage.mjs", new URL("storage.mjs", import.meta.url))],
  modulesRoot: "/",
  compatibilityDate: "2026-04-01",
  compatibilityFlags: ["service_binding_extra_handlers"],
  r2Buckets: Object.fromEntries(buckets.map((bucket) => [`bucket ${bucket}`, bucket])),
  serviceBindings: Object.fromEntries(names.map((name) => [`worker ${name}`, name])),
  unsafeDirectSockets: [{ port: 0 }],
};
const mf = new Miniflare({
  cf: false,
  logRequests: false,
  defaultPersistRoot: persist,
  handleRuntimeStdio: (...streams) => streams.forEach((stream) => stream.on("data", (data) => (output += data))),
  workers: [...Object.entries(workers).map(([name, { bindings, bucket, wrapped, source = worker, producer = "days", consumes = [] }]) => ({
    name,
    modules: [...(wrapped ? [probe] : []), read("worker.js", source)],
    modulesRoot: "/",
    compatibilityDate: "2026-04-01",
    bindings,
    r2Buckets: bucket ? { BUCKET: bucket } : {},
    queueProducers: producer ? { DAYS: { queueName: producer } } : {},
    queueConsumers: Object.fromEntries(consumes.map((queue) => [queue, { maxBatchSize: 1, maxBatchTimeout: 0 }])),
    unsafeDirectSockets: [{ port: 0 }],
  })), storage],
});

const control = createServer((_, response) => {
  const lines = output;
  output = "";
  response.end(JSON.stringify(lines));
});

const find = async (name) => String(await mf.unsafeGetDirectURL(name)).replace(/\/$/, "");
const urls = {};
for (const name of names) urls[name] = await find(name);
const storageUrl = await find(storage.name);
control.listen(0, "127.0.0.1", () => {
  const started = { control: `http://127.0.0.1:${control.address().port}`, storage: storageUrl, workers: urls };
  process.stdout.write(`${JSON.stringify(started)}\n`);
});
async function stop() {
  control.close();
  await mf.dispose();
  process.exit(0);
}
input.on("close", stop);
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, stop);
