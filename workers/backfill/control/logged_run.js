/** A run with its entry in the run log, and the answers of GET /status that come from the log. */
import { describe, Failure } from "../../shared/failure.js";
import { RunLog } from "./run_log.js";

/**
 * @typedef {import("./run_log.js").Run} Run
 * @typedef {import("../queue/tools.js").Counters} Counters
 * @typedef {{planned?: number, queued?: number, failed?: number, stored: number, rechecked?: number, kept?: number,
 *   error?: Failure, outage?: {code: string, message: string}}} Outcome `planned` days are missing, `failed` of them have
 *   a failure record, `stored` days were written. `outage` is an error of the days in the queue, not of this run
 * @typedef {Pick<import("../settings.js").Config, "bucket"|"version">} Target `bucket` undefined: there is no log
 */

/**
 * @param {Target} target
 * @param {Run["trigger"]} trigger
 * @returns {Run}
 */
function beginRun({ version }, trigger) {
  return {
    id: crypto.randomUUID(),
    trigger,
    started_at: new Date().toISOString(),
    ended_at: null,
    worker_version: `${version ?? ""}`, // a cron also logs a run whose bindings are unusable
    planned: null,
    queued: null,
    failed: null,
    stored: 0,
    rechecked: 0,
    kept: 0,
    samples_written: 0,
    error: null,
  };
}

/**
 * Does the work of a run, and writes the run to the log at its start and at its end. The work does not wait for the
 * first write.
 * @template {Outcome} T
 * @param {Target} target
 * @param {Run["trigger"]} trigger
 * @param {number} rateLimitMs of the log
 * @param {Counters} counters of the run
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function runLogged(target, trigger, rateLimitMs, counters, work) {
  const log = target.bucket && new RunLog(target.bucket, rateLimitMs);
  const run = beginRun(target, trigger);
  const begun = log?.write(run);
  /** @type {Partial<Run>} */
  let end = { error: { code: "internal", message: "unexpected error. The worker's log has the reason" } };
  try {
    const outcome = await work();
    const { planned = null, queued = null, failed = null, stored, rechecked = 0, kept = 0, error, outage } = outcome;
    end = { planned, queued, failed, stored, rechecked, kept, error: error ? describe(error) : (outage ?? null) };
    return outcome;
  } catch (error) {
    if (error instanceof Failure) end = { error: describe(error) };
    throw error;
  } finally {
    await begun;
    const { samples_written } = counters;
    await log?.write({ ...run, ended_at: new Date().toISOString(), samples_written, ...end });
  }
}

/**
 * Logs a re-check by the queue that kept rows which ACE no longer has. The queue logs no other run, because R2 accepts
 * one write a second to one object.
 * @param {Target} target
 * @param {number} rateLimitMs of the log
 * @param {number} kept rows
 */
export async function logKept(target, rateLimitMs, kept) {
  if (target.bucket === undefined) return;
  const run = beginRun(target, "queue");
  await new RunLog(target.bucket, rateLimitMs).write({ ...run, ended_at: run.started_at, rechecked: 1, kept });
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
