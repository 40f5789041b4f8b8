/** The consumer of the queue: it copies or re-checks the day of each message. */
import { Failure } from "../../shared/failure.js";
import { writeLog } from "../../shared/log.js";
import { recordFailure } from "../control/failures.js";
import { logKept } from "../control/logged_run.js";
import { readPause } from "../control/pause.js";
import { readMessage } from "./message.js";
import { makeCounters } from "./tools.js";
import { copyMissing, isDone, revise } from "./work.js";

/**
 * @typedef {import("../settings.js").Config} Config
 * @typedef {import("./tools.js").Tools} Tools
 * @typedef {import("./message.js").Order} Order
 */

const MAX_DELAY_S = 86_400; // Cloudflare's limit for the delay of a message
const RETRY_S = 60; // doubles with each delivery
const NOT_CONFIGURED_S = 600; // a message waits so long for a worker that is configured

/**
 * Handles the messages one after the other. An unexpected exception fails the invocation, and Queues delivers again.
 * @param {MessageBatch} batch
 * @param {Config} config
 * @param {Tools} tools
 */
export async function consumeDays({ messages }, config, tools) {
  for (const message of messages) {
    const order = readMessage(message.body, config, tools.now());
    if (typeof order === "string") drop(message, order);
    else await handle(message, order, config, tools);
  }
}

/**
 * Delays the messages of a worker that is not configured. The last delivery is recorded as far as the bindings allow it, so
 * that no such day becomes a dead letter, and the next version copies it at once.
 * @param {MessageBatch} batch
 * @param {Config} config
 * @param {string[]} problems the bindings that cannot be used
 * @param {Tools} tools
 */
export async function delayMessages({ messages }, config, problems, { limits, now }) {
  const failure = new Failure("not_configured", `absent or unusable: ${problems.join(", ")}`);
  for (const message of messages) {
    const order = readMessage(message.body, config, now());
    if (message.attempts < limits.deliveries) {
      message.retry({ delaySeconds: NOT_CONFIGURED_S });
    } else if (typeof order === "string") {
      drop(message, order);
    } else {
      const recorded = recordFailure(config, order, failure, now());
      await recorded.catch((error) => writeLog("error", "[Backfill] Day failed", { ...order, reason: String(error) }));
      message.ack();
    }
  }
}

/**
 * @param {Message} message
 * @param {string} reason
 */
function drop(message, reason) {
  writeLog("log", "[Backfill] Message dropped", { reason, body: `${JSON.stringify(message.body)}`.slice(0, 200) });
  message.ack();
}

/**
 * Returns the seconds until a message is delivered again after a failure.
 * @param {Message} message
 * @param {Failure} failure
 */
export function findDelay({ attempts }, { retryAfterMs = 0 }) {
  return Math.min(MAX_DELAY_S, Math.max(Math.ceil(retryAfterMs / 1000), RETRY_S * 2 ** (attempts - 1)));
}

/**
 * Handles one message: it is done, or it is delivered again later, or its day gets a failure record.
 * @param {Message} message
 * @param {Order} order
 * @param {Config} config
 * @param {Tools} tools
 */
async function handle(message, order, config, tools) {
  const { site, date, what } = order;
  const about = { site, date, what, attempt: message.attempts };
  const isLast = message.attempts >= tools.limits.deliveries;
  try {
    if (await readPause(config)) return drop(message, "the backfill is paused");
    const done = await work(order, config, tools);
    if ("heldMs" in done) {
      const delaySeconds = Math.min(MAX_DELAY_S, Math.ceil(done.heldMs / 1000));
      writeLog("log", "[Backfill] Day is in work", { ...about, delaySeconds });
      return isLast ? message.ack() : message.retry({ delaySeconds });
    }
    writeLog("log", "[Backfill] Message done", { ...about, ...done });
    message.ack();
  } catch (error) {
    if (!(error instanceof Failure) && !isLast) throw error;
    const failure = error instanceof Failure ? error : describeUnexpected(error);
    if (failure.retryAfterMs === undefined || isLast) {
      await recordFailure(config, { site, date }, failure, tools.now());
      return message.ack();
    }
    const delaySeconds = findDelay(message, failure);
    const reason = `${failure.code}: ${failure.message}`; // without the field `code`, which names a final failure
    writeLog("log", "[Backfill] Message retried", { ...about, reason, delaySeconds });
    message.retry({ delaySeconds });
  }
}

/** @param {unknown} error */
function describeUnexpected(error) {
  writeLog("error", "[Backfill] Unexpected error", { error: String(error) });
  return new Failure("internal", "unexpected error. The worker's log has the reason");
}

/**
 * Does the work of a message unless the bucket shows that it is done. Throws a Failure.
 * @param {Order} order
 * @param {Config} config
 * @param {Tools} tools
 */
async function work(order, config, tools) {
  const { limits, now } = tools;
  const { what, ...day } = order;
  if (await isDone(config, order, now())) return { result: "present" };
  const client = { key: config.key, agent: tools.agent, limits, deadline: Date.now() + limits.consumerMs };
  const counters = makeCounters();
  const job = { client, counters };
  if (what === "copy") {
    const copied = await copyMissing(config, tools, day, job);
    if ("heldMs" in copied) return copied;
    return { result: checkFinished(copied.result), ...counters };
  }
  const revised = await revise(config, tools, day, { ...job, source: "ace", dryRun: false });
  if ("heldMs" in revised) return revised;
  const { result, revision, rows } = revised.result;
  if (rows?.kept > 0) await logKept(config, limits.logRateLimitMs, rows.kept);
  return { result: checkFinished(result), revision, rows };
}

/**
 * Returns the result of a day. Throws a Failure for one that a later attempt may complete.
 * @param {string} result
 */
function checkFinished(result) {
  if (result === "unfinished") {
    throw new Failure("over_budget", "ACE did not send the whole day within the time of a consumer", 0);
  }
  if (result === "conflict") throw new Failure("storage", "another run changed the day meanwhile", 0);
  return result;
}
