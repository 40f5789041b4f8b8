/** POST /trigger: one batch, with its entry in the run log. */
import { Failure } from "../../shared/failure.js";
import { writeLog } from "../../shared/log.js";
import { runLogged } from "../control/logged_run.js";
import { answer } from "./answer.js";
import { runBatch } from "./batch.js";
import { readDay, refuseParameters } from "./parameters.js";

/**
 * @typedef {import("../settings.js").Config} Config
 * @typedef {import("../queue/tools.js").Tools} Tools
 * @typedef {import("../queue/tools.js").Counters} Counters
 * @typedef {import("./batch.js").Batch} Batch
 */

/**
 * Runs a batch, and writes it to both logs.
 * @param {Config} config
 * @param {Tools} tools
 * @param {import("./batch.js").Choice} choice
 * @param {Counters} counters
 * @returns {Promise<Batch>}
 */
async function runLoggedBatch(config, tools, choice, counters) {
  const batch = await runLogged(config, "http", tools.limits.logRateLimitMs, counters, async () => {
    const { failures, ...rest } = await runBatch(config, tools, counters, choice);
    const [first] = failures;
    const error = first && rest.stored === 0 ? new Failure(first.code, first.message) : undefined;
    return { error, ...rest, failures, failed: failures.length + rest.waiting };
  });
  const { progress, continuation, unfinished, error } = batch;
  if (error) {
    writeLog("error", "[Backfill] Batch failed", { code: error.code, reason: error.message, progress });
  } else {
    writeLog("log", "[Backfill] Batch ended", { continuation, unfinished: unfinished?.date, progress });
  }
  return batch;
}

/**
 * Answers POST /trigger, which may name a site and a day.
 * @param {Request} request
 * @param {Config} config
 * @param {Tools} tools
 * @param {ExecutionContext} context
 * @param {Counters} counters
 */
export async function replyTrigger(request, config, tools, context, counters) {
  const { values, problems } = readDay(request, config, tools.now(), { site: false, day: false });
  if (Object.keys(problems).length > 0) return refuseParameters(problems);
  const running = runLoggedBatch(config, tools, values, counters);
  context.waitUntil(running.catch(() => {})); // so that the run ends, and says so, after its client has gone
  const { unfinished, failures, waiting, busy, ...batch } = await running;
  const date = unfinished?.date;
  const failed = failures.map(({ date: day, ...about }) => ({ day, ...about }));
  const message = date && `no time was left for ${date}. The cron continues`;
  return answer(batch, { failed, waiting, busy, unfinished: date, message });
}
