/**
 * The query worker serves the samples of a time range from the days that the backfill worker stored in R2.
 *
 * An answer is complete or it is an error: a status before the first byte, or JSON without its end after it. A day in
 * format 2 is read by ranges, one gzip member for each name. The compressed days that come next are read ahead. Lines are
 * decompressed, selected and sent piece by piece. Days without samples in the range by their metadata are not read.
 *
 * Interface: docs/reference/query-worker.md.
 */
import { dispatch, json, refuse } from "../shared/answers.js";
import { DAY_MS, formatDate } from "../shared/days.js";
import { describe } from "../shared/failure.js";
import { judgeHealth } from "../shared/health.js";
import { writeLog } from "../shared/log.js";
import { callR2, formatKey } from "../shared/storage.js";
import { writeAnswer } from "./answer.js";
import { openBudget } from "./budget.js";
import { openBucket } from "./days/bucket.js";
import { LIMITS } from "./limits.js";
import { readDayQuery, readQuery } from "./parameters.js";
import { listPoints } from "./points.js";
import { configure } from "./settings.js";
import { reportFailure, streamAnswer } from "./streaming.js";

/**
 * @typedef {import("./limits.js").Limits} Limits
 * @typedef {{methods: string[], reply: (request: Request, env: any) => Promise<Response>}} Route
 * @typedef {{budget: import("./budget.js").Budget, bucket: import("./days/bucket.js").Bucket, keyTemplate: string}} Access
 */

const SERVICE = "query-worker";
const VERSION = "1.0.0";
const TAG = "[Query]";
const SOURCE = {
  "X-Data-Source": "R2",
  "X-Query-Strategy": "R2_ONLY",
  "Access-Control-Expose-Headers": "X-Data-Source, X-Query-Strategy",
};

/** @param {any} env */
async function health(env) {
  const { config, problems } = configure(env);
  const yesterday = formatDate(Date.now() - DAY_MS);
  const callBucket = () =>
    callR2("R2 head failed", () => config.bucket.head(formatKey(config, config.sites[0].name, yesterday)));
  const [code, status] = await judgeHealth(problems, callBucket, TAG);
  const { id = "", tag = "" } = env.CF_VERSION_METADATA ?? {};
  return json(code, { status, service: SERVICE, version: VERSION, worker_version: { id, tag } });
}

/**
 * Runs one request for data. Refuses in this order: 503 for an unusable binding, 400, then 502 or 504.
 * @template Q
 * @param {any} env
 * @param {Limits} limits
 * @param {(sites: string[]) => {query: Q, problems: Record<string, string>}} read
 * @param {(access: Access, query: Q) => Promise<Response>} answer closes the budget at the end of its body
 */
async function serve(env, limits, read, answer) {
  const { config, problems: unusable } = configure(env);
  if (unusable.length > 0) {
    writeLog("error", "[Query] Not configured", { unusable });
    return refuse(503, { code: "not_configured", message: "a binding is absent or unusable" });
  }
  const { query, problems } = read(config.sites.map(({ name }) => name));
  if (Object.keys(problems).length > 0) {
    const texts = Object.entries(problems).map(([name, problem]) => `${name} ${problem}`);
    return refuse(400, { code: "bad_parameter", message: texts.join("; "), parameters: problems });
  }
  const budget = openBudget(limits.budgetMs);
  const bucket = openBucket(config.bucket, budget, limits.requests);
  try {
    return await answer({ budget, bucket, keyTemplate: config.keyTemplate }, query);
  } catch (error) {
    budget.close();
    const failure = reportFailure(error);
    return refuse(failure.code === "over_budget" ? 504 : 502, describe(failure));
  }
}

/**
 * @param {Access} access
 * @param {import("./parameters.js").Query} query
 * @param {Limits} limits
 */
async function answerQuery(access, query, limits) {
  const pieces = writeAnswer(access, query, limits);
  const { value } = await pieces.next(); // the first piece decides the status
  const headers = { "Cache-Control": "no-store", "Content-Type": "application/json", ...SOURCE };
  return new Response(streamAnswer(pieces, value, access.budget.close), { headers });
}

/**
 * @param {Access} access
 * @param {import("./parameters.js").DayQuery} query
 * @param {Limits} limits
 */
async function answerPoints(access, query, limits) {
  const body = await listPoints(access, query, limits);
  access.budget.close();
  return json(200, body, SOURCE);
}

/**
 * Returns the worker's handlers with these limits.
 * @param {Readonly<Limits>} limits
 */
export function create(limits) {
  /** @type {Record<string, Route>} */
  const routes = {
    "/health": { methods: ["GET", "HEAD"], reply: (_, env) => health(env) },
    "/timeseries/query": {
      methods: ["GET"],
      reply: ({ url }, env) =>
        serve(
          env,
          limits,
          (sites) => readQuery(new URL(url).searchParams, sites, limits),
          (access, query) => answerQuery(access, query, limits),
        ),
    },
    "/timeseries/points": {
      methods: ["GET"],
      reply: ({ url }, env) =>
        serve(
          env,
          limits,
          (sites) => readDayQuery(new URL(url).searchParams, sites),
          (access, query) => answerPoints(access, query, limits),
        ),
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
