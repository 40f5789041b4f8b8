/**
 * The backfill worker copies complete days (UTC) of ACE's sites to R2, each exactly once.
 *
 * The objects are the progress: a day is complete when its object exists. The cron plans the missing days, and the queue
 * hands each to a consumer. Only the counters of the last batch are in memory, for GET /status. Another isolate does not
 * know them.
 */
import { dispatch, json, refuse } from "../shared/answers.js";
import { Failure } from "../shared/failure.js";
import { judgeHealth } from "../shared/health.js";
import { writeLog } from "../shared/log.js";
import { isOperator } from "../shared/operator.js";
import { callR2, formatKey } from "../shared/storage.js";
import { runLogged } from "./control/logged_run.js";
import { LIMITS } from "./limits.js";
import { consumeDays, delayMessages } from "./queue/consumer.js";
import { recordDeadLetters } from "./queue/dead_letters.js";
import { planDays } from "./queue/planner.js";
import { makeCounters, makeTools } from "./queue/tools.js";
import { replyPause, replyResume } from "./routes/pause.js";
import { replyReplace } from "./routes/replace.js";
import { replyStatus } from "./routes/status.js";
import { replyTrigger } from "./routes/trigger.js";
import { configure } from "./settings.js";

/**
 * @typedef {import("./settings.js").Config} Config
 * @typedef {(request: Request, config: Config, context: ExecutionContext) => Promise<Response>} Reply
 * @typedef {{methods: string[], reply?: Reply}} Route `reply` needs the operator token
 */

const SERVICE = "backfill-worker";
const VERSION = "1.0.0";
const TAG = "[Backfill]";

/** @param {any} env */
async function health(env) {
  const { config, problems } = configure(env);
  const callBucket = () => callR2("R2 head failed", async () => config.bucket?.head(probeKey(config)));
  const [code, status] = await judgeHealth(problems, callBucket, TAG);
  const { id = "", tag = "" } = env.CF_VERSION_METADATA ?? {};
  return json(code, { status, service: SERVICE, version: VERSION, worker_version: { id, tag } });
}

/** @param {Config} config */
const probeKey = (config) => formatKey(config, config.sites[0].name, config.sites[0].start);

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
  const unusable = problems.filter((name) => name !== "BUCKET"); // the route reports the bucket, as `storage`
  if (unusable.length === 0) return reply(config);
  return refuse(503, { code: "not_configured", message: `absent or unusable: ${unusable.join(", ")}` });
}

/**
 * Returns the worker's handlers with these limits.
 * @param {Readonly<import("./limits.js").Limits>} limits
 * @param {Partial<import("./queue/tools.js").Parts>} parts replace those of the worker, as the simulation does
 */
export function create(limits, parts = {}) {
  const tools = makeTools(limits, `${SERVICE}/${VERSION}`, parts);
  const { logRateLimitMs } = limits;
  const memory = { counters: makeCounters() };

  /** @type {Record<string, Route>} */
  const routes = {
    "/health": { methods: ["GET", "HEAD"] },
    "/status": {
      methods: ["GET", "HEAD"],
      reply: (_, config) => replyStatus(config, tools, memory.counters),
    },
    "/trigger": {
      methods: ["POST"],
      reply(request, config, context) {
        memory.counters = makeCounters();
        return replyTrigger(request, config, tools, context, memory.counters);
      },
    },
    "/replace": {
      methods: ["POST"],
      reply: (request, config, context) => replyReplace(request, config, tools, context),
    },
    "/pause": { methods: ["POST"], reply: (request, config) => replyPause(request, config, tools) },
    "/resume": { methods: ["POST"], reply: (_, config) => replyResume(config) },
  };

  return {
    /**
     * @param {Request} request
     * @param {any} env
     * @param {ExecutionContext} context
     */
    fetch: (request, env, context) =>
      dispatch(request, routes, TAG, ({ reply }) =>
        reply ? replyToOperator(request, env, (config) => reply(request, config, context)) : health(env),
      ),

    /**
     * Plans once. A Failure fails the invocation.
     * @param {unknown} _
     * @param {any} env
     */
    async scheduled(_, env) {
      const { config, problems } = configure(env);
      if (problems.length > 0) writeLog("error", "[Backfill] Not configured", { unusable: problems });
      /** @returns {Promise<import("./control/logged_run.js").Outcome>} */
      const plan = async () => {
        if (problems.length === 0) return planDays(config, tools);
        throw new Failure("not_configured", `absent or unusable: ${problems.join(", ")}`);
      };
      const { error } = await runLogged(config, "cron", logRateLimitMs, makeCounters(), () =>
        plan().catch(keepFailure),
      );
      if (error) throw new Error(`[Backfill] ${error.code}: ${error.message}`);
    },

    /**
     * Handles messages of the queue of days, or of the dead-letter queue.
     * @param {MessageBatch} batch
     * @param {any} env
     */
    async queue(batch, env) {
      const { config, problems } = configure(env);
      if (problems.length > 0) {
        writeLog("error", "[Backfill] Not configured", { unusable: problems });
        await delayMessages(batch, config, problems, tools);
      } else if (batch.queue === config.deadLetterQueue) {
        await recordDeadLetters(batch, config, tools);
      } else {
        await consumeDays(batch, config, tools);
      }
    },
  };
}

/**
 * Returns the outcome of a run that a Failure ended.
 * @param {unknown} error
 */
function keepFailure(error) {
  if (!(error instanceof Failure)) throw error;
  writeLog("error", "[Backfill] Planner failed", { code: error.code, reason: error.message });
  return { stored: 0, error };
}

export default create(LIMITS);
