/**
 * The real query worker with other limits, and with a bucket that counts, fails, hangs, lists short pages, or stores another
 * revision before each read (binding PROBE).
 */
import { create } from "./worker.js";

const MIB = 1024 * 1024;
const LIMITS = {
  budgetMs: 10_000, rangeMs: 366 * 86_400_000, points: 100, requests: 6, rangeBytes: 32 * MIB, aheadBytes: 16 * MIB,
  lineLength: 64 * 1024, chunkLength: 64 * 1024,
};
const never = () => new Promise(() => {});

/** Returns an object whose body hangs or fails, and counts its bytes. */
function disturb(object, kind, calls) {
  async function arrayBuffer() {
    const bytes = await object.arrayBuffer();
    calls.read = (calls.read ?? 0) + bytes.byteLength;
    calls.open -= 1;
    if (kind === "hang") await never();
    if (kind === "fail") throw new Error("We encountered an internal error (10001)");
    return kind === "cut" ? bytes.slice(1) : bytes;
  }
  return { ...object, body: object.body, arrayBuffer };
}

function probed(bucket, calls, { fail, body = "", on = "", page, revise = [], remove }) {
  const count = (method) => (calls[method] = (calls[method] ?? 0) + 1);
  const call = async (method, key, run) => {
    const number = count(method);
    if (fail === `${method}-hang`) await never();
    if (fail === method) throw new Error(`${method}: We encountered an internal error. Please try again. (10001)`);
    return await run(number);
  };
  return {
    head: (key) => call("head", key, () => bucket.head(key)),
    list: (options) => call("list", "", () => bucket.list({ ...options, limit: Math.min(options.limit, page ?? Infinity) })),
    get: (key, options) =>
      call("get", key, async (number) => {
        calls.open = (calls.open ?? 0) + 1;
        calls.most = Math.max(calls.most ?? 0, calls.open);
        const revision = await bucket.get(revise[number - 1] ?? "none");
        if (revision) await bucket.put(key, await revision.arrayBuffer(), { customMetadata: revision.customMetadata });
        if (remove) await bucket.delete(key);
        const object = await bucket.get(key, options);
        const isBody = object !== null && "body" in object;
        if (!isBody) calls.open -= 1;
        return isBody ? disturb(object, key.includes(on) ? body : "", calls) : object;
      }),
  };
}

export default {
  async fetch(request, { PROBE, ...env }) {
    const calls = {};
    const worker = create({ ...LIMITS, ...PROBE.limits });
    const response = await worker.fetch(request, { ...env, BUCKET: probed(env.BUCKET, calls, PROBE) });
    if (!PROBE.whole) return response;
    const text = await response.text(); // only then are all calls of the answer known
    return new Response(text, { status: response.status, headers: { "X-R2-Calls": JSON.stringify(calls) } });
  },
};
