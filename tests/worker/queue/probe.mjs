/**
 * The real worker with a made-up clock and a queue that keeps its messages. `POST /__set` takes {ms, refuse, fail, results}:
 * the time, whether the queue refuses messages, the methods of R2 that fail, and the results of reviseDay. `GET /__sent`
 * returns the messages and forgets them. Objects show the made-up time at which they were written. The binding LIMITS has
 * other limits.
 */
import { create } from "./worker.js";

let clock = Date.now();
let refuse = false;
let fail = [];
let results = null;
let sent = [];
const written = new Map();
const MIB = 1024 * 1024;
const PAGES = { answerMs: 25_000, answerBytes: 32 * MIB, attempts: 1, retryMs: 1, waitMs: 100, objectBytes: 32 * MIB };
const TIMES = { triggerMs: 20_000, consumerMs: 720_000, replaceMs: 300_000, leaseMs: 60_000, planMs: 21_600_000 };
const LIMITS = { ...PAGES, ...TIMES, deliveries: 5, outstanding: 500, rechecks: 100, logRateLimitMs: 20 };

const DAYS = {
  async sendBatch(messages) {
    if (refuse) throw new Error("Queue is overloaded. Please back off. (10250)");
    if (messages.length > 100) throw new Error("more than 100 messages (10251)");
    sent.push(...messages.map(({ body }) => body));
  },
};

function dated(object) {
  if (object === null) return null;
  const { key, size, etag, customMetadata, httpMetadata } = object;
  const uploaded = new Date(written.get(key) ?? object.uploaded.getTime());
  const dated = { key, size, etag, customMetadata, httpMetadata, uploaded };
  if (!("body" in object)) return dated;
  const readers = ["text", "arrayBuffer", "blob"].map((method) => [method, () => object[method]()]);
  return { ...dated, body: object.body, ...Object.fromEntries(readers) };
}

function check(method) {
  if (fail.includes(method)) throw new Error(`${method}: We encountered an internal error. (10001)`);
}

function dateBucket(bucket) {
  return {
    delete: (key) => bucket.delete(key),
    async get(...given) {
      check("get");
      return dated(await bucket.get(...given));
    },
    async head(key) {
      check("head");
      return dated(await bucket.head(key));
    },
    async list(options) {
      const page = await bucket.list(options);
      return { objects: page.objects.map(dated), truncated: page.truncated, cursor: page.cursor };
    },
    async put(key, ...given) {
      const object = await bucket.put(key, ...given);
      if (object) written.set(key, clock);
      return object;
    },
  };
}

const prepare = ({ BUCKET, LIMITS: limits, ...env }) => ({
  env: { ...env, BUCKET: dateBucket(BUCKET), ...("DAYS" in env ? {} : { DAYS }) },
  worker: create({ ...LIMITS, ...limits }, { now: () => clock, ...(results && { reviseDay }) }),
});

/** Writes the day's object again, as a re-check does. */
async function reviseDay({ bucket, keyTemplate }, { site, date }) {
  const key = keyTemplate.replace("{site}", site.name).replace("{date}", date);
  if (results.result !== "absent") await bucket.put(key, "revised");
  return results;
}

export default {
  async fetch(request, given, context) {
    const { pathname } = new URL(request.url);
    if (pathname === "/__set") {
      ({ ms: clock = clock, refuse = false, fail = [], results = null } = await request.json());
      return new Response("set");
    }
    if (pathname === "/__sent") {
      const messages = sent;
      sent = [];
      return Response.json(messages);
    }
    const { worker, env } = prepare(given);
    return worker.fetch(request, env, context);
  },
  async scheduled(event, given) {
    const { worker, env } = prepare(given);
    await worker.scheduled(event, env);
  },
  async queue(batch, given) {
    const { worker, env } = prepare(given);
    await worker.queue(batch, env);
  },
};
