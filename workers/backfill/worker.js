/**
 * The backfill worker copies complete days (UTC) of one ACE site to R2, oldest first, each exactly once.
 *
 * The objects are the progress: a day is complete when its object exists. The run log in the bucket has the last runs
 * and errors. Only the counters of the last batch are in memory, for GET /status. Another isolate does not know them.
 */
import { dispatch, json, refuse } from "../shared/answers.js";
import { describe, Failure } from "../shared/failure.js";
import { judgeHealth } from "../shared/health.js";
import { writeLog } from "../shared/log.js";
import { isOperator } from "../shared/operator.js";
import { callR2, formatKey } from "../shared/storage.js";
import { runBatch } from "./batch.js";
import { LIMITS } from "./limits.js";
import { readLastRuns, runLogged } from "./logged_run.js";
import { configure } from "./settings.js";

/**
 * @typedef {import("./batch.js").Batch} Batch
 * @typedef {import("./settings.js").Config} Config
 * @typedef {{methods: string[], reply?: (config: Config, context: ExecutionContext) => Promise<Response>}} Route
 */

const SERVICE = "backfill-worker";
const VERSION = "1.0.0";
const TAG = "[Backfill]";

/** @param {any} env */
async function health(env) {
  const { config, problems } = configure(env);
  const callBucket = () => callR2("R2 head failed", async () => config.bucket?.head(formatKey(config, config.start)));
  const [code, status] = await judgeHealth(problems, callBucket, TAG);
  const { id = "", tag = "" } = env.CF_VERSION_METADATA ?? {};
  return json(code, { status, service: SERVICE, version: VERSION, worker_version: { id, tag } });
}

/**
 * Answers an operator's request. Refuses in this order: 503 without a key, 401, 503 for another unusable binding.
 * @param {Request} request
 * @param {any} env
 * @param {(config: Config) => Promise<Response>} reply
 */
async function replyToOperator(request, env, reply) {
  const { config, problems } = configure(env);
  if (problems.length > 0) writeLog("error", "[Backfill] Not configured", { unusable: problems });
  if (problems.includes("ACE_API_KEY")) {
    return refuse(503, { code: "not_configured", message: "a binding is absent or empty" });
  }
  if (!(await isOperator(request, config.key))) {
    const error = { code: "unauthorized", message: "this route needs the operator token" };
    return refuse(401, error, { "WWW-Authenticate": "Bearer" });
  }
  const unusable = problems.filter((name) => name !== "BUCKET"); // the batch reports the bucket, as `storage`
  if (unusable.length === 0) return reply(config);
  return refuse(503, { code: "not_configured", message: `absent or unusable: ${unusable.join(", ")}` });
}

/**
 * @param {Batch} batch
 * @param {object|""} [more]
 */
function answer({ error, progress, continuation }, more) {
  const about = { progress, continuation, ...more };
  if (!error) return json(200, { status: continuation ? "in_progress" : "complete", ...about });
  return json(502, { status: "error", error: describe(error), ...about });
}

/**
 * Returns the worker's handlers with these limits.
 * @param {Readonly<import("./limits.js").Limits>} given
 */
export function create(given) {
  const limits = { ...given, agent: `${SERVICE}/${VERSION}` };
  const { logRateLimitMs } = limits;
  const memory = { counters: { samples_fetched: 0, samples_written: 0 } };

  /**
   * @param {Config} config
   * @param {number} budgetMs
   * @param {"cron"|"http"} trigger
   */
  async function run(config, budgetMs, trigger) {
    const counters = { samples_fetched: 0, samples_written: 0 };
    const batch = await runLogged(config, trigger, logRateLimitMs, counters, () =>
      runBatch(config, limits, budgetMs, counters),
    );
    const { progress, continuation, unfinished, error } = batch;
    memory.counters = counters;
    if (error) {
      writeLog("error", "[Backfill] Batch failed", { code: error.code, reason: error.message, progress });
    } else {
      writeLog("log", "[Backfill] Batch ended", { continuation, unfinished, progress });
    }
    return batch;
  }

  /** @type {Record<string, Route>} */
  const routes = {
    "/health": { methods: ["GET", "HEAD"] },
    "/status": {
      methods: ["GET", "HEAD"],
      async reply(config) {
        const last = readLastRuns(config, logRateLimitMs);
        return answer(await runBatch(config, limits, 0, memory.counters), await last);
      },
    },
    "/trigger": {
      methods: ["POST"],
      async reply(config, context) {
        const running = run(config, limits.triggerMs, "http");
        context.waitUntil(running.catch(() => {})); // so that the run ends, and says so, after its client has gone
        const batch = await running;
        const { unfinished: date } = batch;
        return answer(batch, date && { unfinished: date, message: `no time was left for ${date}. The cron continues` });
      },
    },
  };

  return {
    /**
     * @param {Request} request
     * @param {any} env
     * @param {ExecutionContext} context
     */
    fetch: (request, env, context) =>
      dispatch(request, routes, TAG, ({ reply }) =>
        reply ? replyToOperator(request, env, (config) => reply(config, context)) : health(env),
      ),

    /**
     * Runs until no day is missing or the time is over. A Failure fails the invocation.
     * @param {unknown} _
     * @param {any} env
     */
    async scheduled(_, env) {
      const { config, problems } = configure(env);
      if (problems.length > 0) {
        writeLog("error", "[Backfill] Not configured", { unusable: problems });
        const error = new Failure("not_configured", `absent or unusable: ${problems.join(", ")}`);
        const none = { samples_fetched: 0, samples_written: 0 };
        await runLogged(config, "cron", logRateLimitMs, none, async () => ({ continuation: true, stored: 0, error }));
        throw new Error(`[Backfill] ${error.code}: ${error.message}`);
      }
      const { error } = await run(config, limits.cronMs, "cron");
      if (error) throw new Error(`[Backfill] ${error.code}: ${error.message}`);
    },
  };
}

export default create(LIMITS);
