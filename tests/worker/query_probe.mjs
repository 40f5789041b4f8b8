/** The real query worker with other limits, and with a bucket that counts, fails or hangs (binding PROBE). */
import { create } from "./worker.js";

const DAY_MS = 86_400_000;
const LIMITS = { budgetMs: 10_000, rangeMs: 31 * DAY_MS, points: 100, lineLength: 64 * 1024, chunkLength: 64 * 1024 };
const never = () => new Promise(() => {});

/** Returns an object whose body hangs or fails after its first chunk. */
function disturb(object, kind, calls) {
  const reader = object.body.getReader();
  let count = 0;
  const body = new ReadableStream({
    async pull(controller) {
      const { done, value } = await reader.read();
      calls.read = (calls.read ?? 0) + (value?.byteLength ?? 0);
      count += 1;
      if (count > 1 && kind === "hang") await never();
      if (count > 1 && kind === "fail") controller.error(new Error("We encountered an internal error (10001)"));
      else if (done) controller.close();
      else controller.enqueue(value);
    },
  });
  return { customMetadata: object.customMetadata, body };
}

function probed(bucket, calls, { fail, body = "", on = "" }) {
  const call = (method) => async (key) => {
    calls[method] = (calls[method] ?? 0) + 1;
    if (fail === `${method}-hang`) await never();
    if (fail === method) throw new Error(`${method}: We encountered an internal error. Please try again. (10001)`);
    const object = await bucket[method](key);
    return object === null || method === "head" || !key.includes(on) ? object : disturb(object, body, calls);
  };
  return { head: call("head"), get: call("get") };
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
