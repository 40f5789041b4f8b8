/** A batch with its entry in the run log, and the answers of GET /status that come from the log. */
import { describe } from "../shared/failure.js";
import { RunLog } from "./run_log.js";

/**
 * @typedef {import("./run_log.js").Run} Run
 * @typedef {import("./batch.js").Batch} Batch
 * @typedef {import("./batch.js").Counters} Counters
 * @typedef {Pick<import("./settings.js").Config, "bucket"|"version">} Target `bucket` undefined: there is no log
 */

/**
 * Runs a batch, and writes the run to the log at its start and at its end. The batch does not wait for the first write.
 * @param {Target} target
 * @param {Run["trigger"]} trigger
 * @param {number} rateLimitMs of the log
 * @param {Counters} counters of the batch
 * @param {() => Promise<Batch>} runBatch
 * @returns {Promise<Batch>}
 */
export async function runLogged({ bucket, version }, trigger, rateLimitMs, counters, runBatch) {
  const log = bucket && new RunLog(bucket, rateLimitMs);
  /** @type {Run} */
  const run = {
    id: crypto.randomUUID(),
    trigger,
    started_at: new Date().toISOString(),
    ended_at: null,
    worker_version: `${version ?? ""}`, // a cron also logs a run whose bindings are unusable
    planned: null,
    stored: 0,
    rechecked: 0,
    samples_written: 0,
    error: null,
  };
  const begun = log?.write(run);
  /** @type {Partial<Run>} */
  let end = { error: { code: "internal", message: "unexpected error. The worker's log has the reason" } };
  try {
    const batch = await runBatch();
    const { planned = null, stored, error } = batch;
    end = { planned, stored, error: error ? describe(error) : null };
    return batch;
  } finally {
    await begun;
    const { samples_written } = counters;
    await log?.write({ ...run, ended_at: new Date().toISOString(), samples_written, ...end });
  }
}

/**
 * Returns the last run and the last error with its time, each null if the log has none.
 * @param {Target} target
 * @param {number} rateLimitMs of the log
 */
export async function readLastRuns({ bucket }, rateLimitMs) {
  const runs = bucket ? await new RunLog(bucket, rateLimitMs).read() : [];
  const failed = runs.find(({ error }) => error);
  const last_error = failed ? { ...failed.error, at: failed.ended_at ?? failed.started_at } : null;
  return { last_run: runs[0] ?? null, last_error };
}
