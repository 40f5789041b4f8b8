/**
 * Runs workers in one workerd for the tests. Reads {"worker", "workers": {name: {bindings, bucket, wrapped, source}}} as
 * its first line, prints {"control", "workers": {name: url}} as one line, and ends when its standard input closes.
 *
 * `worker` is the path of a bundle, and `source` replaces it for one worker. `wrapped` runs the bundle under probe.mjs
 * or under `wrapper`. Otherwise the bundle is the main module, as in production.
 * `producer` is the name of the queue that the binding DAYS sends to (null: no binding), and `consumes` lists the queues
 * of a worker.
 * Control, one JSON object a POST: {op: "put"|"get"|"list"|"delete"|"clear"|"cron"|"queue"|"logs", …} -> JSON.
 */
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Miniflare } from "miniflare";

delete process.env.MINIFLARE_WORKERD_CONFIG_DEBUG; // it would write the secrets to a file
const input = createInterface({ input: process.stdin });
const { worker, persist, workers, wrapper = "probe.mjs" } = JSON.parse((await input[Symbol.asyncIterator]().next()).value);
const read = (name, path) => ({ type: "ESModule", path: `/${name}`, contents: readFileSync(path, "utf8") });
const probe = read("probe.mjs", new URL(wrapper, import.meta.url));
let output = "";
const mf = new Miniflare({
  cf: false,
  logRequests: false,
  defaultPersistRoot: persist,
  handleRuntimeStdio: (...streams) => streams.forEach((stream) => stream.on("data", (data) => (output += data))),
  workers: Object.entries(workers).map(([name, { bindings, bucket, wrapped, source = worker, producer = "days", consumes = [] }]) => ({
    name,
    modules: [...(wrapped ? [probe] : []), read("worker.js", source)],
    modulesRoot: "/",
    compatibilityDate: "2026-04-01",
    bindings,
    r2Buckets: bucket ? { BUCKET: bucket } : {},
    queueProducers: producer ? { DAYS: { queueName: producer } } : {},
    queueConsumers: Object.fromEntries(consumes.map((queue) => [queue, { maxBatchSize: 1, maxBatchTimeout: 0 }])),
    unsafeDirectSockets: [{ port: 0 }],
  })),
});

const shown = (object) => object && { key: object.key, size: object.size, etag: object.etag, http: object.httpMetadata, custom: object.customMetadata };
const operations = {
  async put({ worker: name, key, body, custom }) {
    const bytes = Uint8Array.from(Buffer.from(body, "base64"));
    return shown(await (await mf.getR2Bucket("BUCKET", name)).put(key, bytes, { customMetadata: custom }));
  },
  async get({ worker: name, key }) {
    const object = await (await mf.getR2Bucket("BUCKET", name)).get(key);
    return object && { ...shown(object), body: Buffer.from(await object.arrayBuffer()).toString("base64") };
  },
  async list({ worker: name }) {
    return (await (await mf.getR2Bucket("BUCKET", name)).list()).objects.map(({ key }) => key);
  },
  async delete({ worker: name, keys }) {
    await (await mf.getR2Bucket("BUCKET", name)).delete(keys);
  },
  async cron({ worker: name }) {
    return await (await mf.getWorker(name)).scheduled({ cron: "*/5 * * * *", scheduledTime: new Date() });
  },
  /** Delivers one message, as a queue does. */
  async queue({ worker: name, queue, body, attempts }) {
    const message = { id: "1", timestamp: new Date(), attempts, body };
    const { outcome, explicitAcks, retryMessages, retryBatch } = await (await mf.getWorker(name)).queue(queue, [message]);
    const retry = retryMessages[0] ?? (retryBatch.retry && retryBatch);
    return { outcome, acked: explicitAcks.length > 0, retried: Boolean(retry), delay: retry ? (retry.delaySeconds ?? 0) : null };
  },
  async logs() {
    const lines = output;
    output = "";
    return lines;
  },
};

const control = createServer(async (request, response) => {
  try {
    const chunks = await request.toArray();
    const { op, ...rest } = JSON.parse(Buffer.concat(chunks));
    response.end(JSON.stringify((await operations[op](rest)) ?? null));
  } catch (error) {
    response.statusCode = 500;
    response.end(String(error?.stack ?? error));
  }
});

const urls = {};
for (const name of Object.keys(workers)) urls[name] = String(await mf.unsafeGetDirectURL(name)).replace(/\/$/, "");
control.listen(0, "127.0.0.1", () => {
  process.stdout.write(`${JSON.stringify({ control: `http://127.0.0.1:${control.address().port}`, workers: urls })}\n`);
});
async function stop() {
  control.close();
  await mf.dispose();
  process.exit(0);
}
input.on("close", stop);
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, stop);
