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

/**
 * Handles the messages one after the other. An unexpected exception fails the invocation, and Queues delivers again.
 * @param {MessageBatch} batch
 * @param {Config} config
 * @param {Tools} tools
 */
export async function consumeDays({ messages }, config, tools) {
  for (const message of messages) {
    const order = readMessage(message.body, config, tools.now());
    const reason = typeof order === "string" ? order : (await readPause(config)) && "the backfill is paused";
    if (typeof order === "string" || reason) {
      writeLog("log", "[Backfill] Message dropped", { reason, body: `${JSON.stringify(message.body)}`.slice(0, 200) });
      message.ack();
    } else {
      await handle(message, order, config, tools);
    }
  }
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
    const wait = Math.max(Math.ceil(failure.retryAfterMs / 1000), RETRY_S * 2 ** (message.attempts - 1));
    const delaySeconds = Math.min(MAX_DELAY_S, wait);
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
