/**
 * The real worker with other limits and with a bucket that counts its calls, pages its lists and fails on request.
 * No request and no binding of production can have this effect. The header `X-R2-Calls` has the calls of a request.
 */
import { create } from "./worker.js";

const LOG = "_control/backfill/runs.json";

/** `fail` names a method that fails for the days, `logFail` = {method, times, message} fails the next calls for the run log. */
function probed(bucket, calls, { fail = "", listLimit, logFail }) {
  const call = (method) => async (...given) => {
    const isLog = given[0] === LOG;
    const isControl = `${given[0].prefix ?? given[0]}`.startsWith("_control/");
    const name = isLog ? `log-${method}` : isControl ? `control-${method}` : method;
    calls[name] = (calls[name] ?? 0) + 1;
    if (isLog && logFail?.method === method && calls[name] <= logFail.times) throw new Error(logFail.message);
    if (fail === method && !isControl) throw new Error(`${method}: We encountered an internal error. Please try again. (10001)`);
    if (method === "list") {
      if (given[0].include && !isControl) throw new Error("a list with metadata");
      return bucket.list({ ...given[0], limit: listLimit });
    }
    const answer = await bucket[method](...given);
    return fail === `${method}-cut` && !isControl ? { size: answer.size - 1 } : answer;
  };
  return Object.fromEntries(["delete", "get", "head", "list", "put"].map((method) => [method, call(method)]));
}

const MIB = 1024 * 1024;
const PAGES = { answerMs: 25_000, answerBytes: 32 * MIB, attempts: 3, retryMs: 10, waitMs: 30_000 };
const TIMES = { triggerMs: 20_000, leaseMs: 60_000, planMs: 21_600_000, outstanding: 500, rechecks: 100 };
const LIMITS = { ...TIMES, ...PAGES, objectBytes: 32 * MIB, logRateLimitMs: 20 };
const handlers = new Map(); // per worker, because each isolate has its own memory

export default {
  async fetch(request, env, context) {
    const { calls, inner, worker } = prepare(env);
    const response = await worker.fetch(request, inner, context);
    const headers = new Headers(response.headers);
    headers.set("X-R2-Calls", JSON.stringify(calls));
    return new Response(response.body, { status: response.status, headers });
  },
  async scheduled(event, env) {
    const { inner, worker } = prepare(env);
    await worker.scheduled(event, inner);
  },
};

function prepare({ PROBE = {}, ...env }) {
  const calls = {};
  const key = JSON.stringify(PROBE);
  if (!handlers.has(key)) handlers.set(key, create({ ...LIMITS, ...PROBE.limits }));
  return { calls, inner: env.BUCKET ? { ...env, BUCKET: probed(env.BUCKET, calls, PROBE) } : env, worker: handlers.get(key) };
}
