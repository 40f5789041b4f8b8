/**
 * The query worker serves the samples of a time range from the days that the backfill worker stored in R2.
 *
 * An answer is complete or it is an error: a status before the first byte, or JSON without its end after it. Each day is
 * streamed (R2, decompression, line filter, answer), so only one chunk is in memory. Days outside the range, and days
 * without samples in the range by their metadata, are not read.
 *
 * Interface: docs/query-worker.md.
 */
import { dispatch, json, refuse } from "../shared/answers.js";
import { DAY_MS, formatDate } from "../shared/days.js";
import { describe } from "../shared/failure.js";
import { judgeHealth } from "../shared/health.js";
import { writeLog } from "../shared/log.js";
import { callR2, formatKey } from "../shared/storage.js";
import { reportFailure, streamAnswer, writeAnswer } from "./answer.js";
import { openBudget } from "./budget.js";
import { LIMITS } from "./limits.js";
import { readQuery } from "./parameters.js";
import { configure } from "./settings.js";

/** @typedef {{methods: string[], reply: (request: Request, env: any) => Promise<Response>}} Route */

const SERVICE = "query-worker";
const VERSION = "1.0.0";
const TAG = "[Query]";

/** @param {any} env */
async function health(env) {
  const { config, problems } = configure(env);
  const yesterday = formatDate(Date.now() - DAY_MS);
  const callBucket = () => callR2("R2 head failed", () => config.bucket.head(formatKey(config, yesterday)));
  const [code, status] = await judgeHealth(problems, callBucket, TAG);
  const { id = "", tag = "" } = env.CF_VERSION_METADATA ?? {};
  return json(code, { status, service: SERVICE, version: VERSION, worker_version: { id, tag } });
}

/**
 * Answers a query. Refuses in this order: 503 for an unusable binding, 400, then 502 or 504.
 * @param {URLSearchParams} given
 * @param {any} env
 * @param {import("./limits.js").Limits} limits
 */
async function serve(given, env, limits) {
  const { config, problems: unusable } = configure(env);
  if (unusable.length > 0) {
    writeLog("error", "[Query] Not configured", { unusable });
    return refuse(503, { code: "not_configured", message: "a binding is absent or unusable" });
  }
  const { query, problems } = readQuery(given, config.site, limits);
  if (Object.keys(problems).length > 0) {
    const texts = Object.entries(problems).map(([name, problem]) => `${name} ${problem}`);
    return refuse(400, { code: "bad_parameter", message: texts.join("; "), parameters: problems });
  }
  const budget = openBudget(limits.budgetMs);
  const pieces = writeAnswer(config, query, budget, limits);
  try {
    const { value } = await pieces.next(); // the first piece decides the status
    const headers = { "Cache-Control": "no-store", "Content-Type": "application/json" };
    const source = { "X-Data-Source": "R2", "X-Query-Strategy": "R2_ONLY" };
    return new Response(streamAnswer(pieces, value, budget.close), { headers: { ...headers, ...source } });
  } catch (error) {
    budget.close();
    const failure = reportFailure(error);
    return refuse(failure.code === "over_budget" ? 504 : 502, describe(failure));
  }
}

/**
 * Returns the worker's handlers with these limits.
 * @param {Readonly<import("./limits.js").Limits>} limits
 */
export function create(limits) {
  /** @type {Record<string, Route>} */
  const routes = {
    "/health": { methods: ["GET", "HEAD"], reply: (_, env) => health(env) },
    "/timeseries/query": {
      methods: ["GET"],
      reply: (request, env) => serve(new URL(request.url).searchParams, env, limits),
    },
  };
  return {
    /**
     * @param {Request} request
     * @param {any} env
     */
    fetch: (request, env) => dispatch(request, routes, TAG, ({ reply }) => reply(request, env)),
  };
}

export default create(LIMITS);
