/** The batch of POST /trigger: it copies missing days at once, without the queue. */
import { Failure } from "../../shared/failure.js";
import { mustWait, recordFailure } from "../control/failures.js";
import { nameDay } from "../control/objects.js";
import { countMissing, surveyDays } from "../queue/survey.js";
import { copyMissing } from "../queue/work.js";
import { formatProgress } from "./progress.js";

/**
 * @typedef {import("../settings.js").Config} Config
 * @typedef {import("../control/objects.js").Day} Day
 * @typedef {import("../queue/survey.js").Survey} Survey
 * @typedef {import("../queue/tools.js").Tools} Tools
 * @typedef {import("../queue/tools.js").Counters} Counters
 * @typedef {{site?: string, day?: string}} Choice absent: all
 * @typedef {Day & {code: import("../../shared/failure.js").Code, message: string}} FailedDay
 * @typedef {{progress?: import("./progress.js").Progress, continuation: boolean, planned?: number, stored: number,
 *   unfinished?: Day, failures: FailedDay[], waiting: number, busy: number, error?: Failure}} Batch `planned` days were
 *   missing at the start, `waiting` failed before and wait for their next attempt, `busy` are in work elsewhere
 * @typedef {{names: Set<string>, failing: Map<string, number>, current?: Day}} Done the stored days, the failed days in a
 *   row by site, and the day in work
 */

const MAX_FAILURES = 3; // days of one site in a row. The batch then leaves the site

/**
 * Copies the missing days, oldest first and sites in turn, until none is left, the time is over or a Failure of the whole
 * system ends it. A day that ACE refuses gets a failure record, and the batch goes on.
 * @param {Config} config
 * @param {Tools} tools
 * @param {Counters} counters updated with each page
 * @param {Choice} choice
 * @returns {Promise<Batch>}
 */
export async function runBatch(config, tools, counters, choice) {
  const deadline = Date.now() + tools.limits.triggerMs;
  const client = { key: config.key, agent: tools.agent, limits: tools.limits, deadline };
  const job = { client, counters };
  /** @type {Batch} */
  const batch = { continuation: true, stored: 0, failures: [], waiting: 0, busy: 0 };
  /** @type {Survey|undefined} */
  let survey;
  /** @type {Done} */
  const done = { names: new Set(), failing: new Map() };
  try {
    survey = await surveyDays(config, tools.now());
    batch.planned = countMissing(survey);
    const days = listChosen(survey, choice);
    const mayTry = (/** @type {Day} */ day) => {
      const failed = survey?.control.failures.get(nameDay(day));
      return (
        choice.day !== undefined ||
        !failed ||
        !mustWait(failed, tools.now(), config.version, survey?.storedAt ?? -Infinity)
      );
    };
    const tried = days.filter(mayTry);
    batch.waiting = days.length - tried.length;
    await copyDays(config, tools, tried, job, batch, done);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    batch.error = error;
  }
  if (survey) {
    batch.progress = formatProgress(survey, counters, done.names, done.current);
    batch.continuation = batch.progress.days_complete < batch.progress.days_total;
  }
  return batch;
}

/**
 * Copies days until the deadline. Throws a Failure of the whole system.
 * @param {Config} config
 * @param {Tools} tools
 * @param {Day[]} days
 * @param {import("../queue/work.js").Job} job
 * @param {Batch} batch
 * @param {Done} done is updated
 */
async function copyDays(config, tools, days, job, batch, done) {
  for (const day of days) {
    const failures = done.failing.get(day.site) ?? 0;
    if (failures >= MAX_FAILURES) continue;
    if (Date.now() >= job.client.deadline) break;
    done.current = day;
    const result = await copyDay(config, tools, day, job, batch);
    if (result === "unfinished") break;
    if (result === "stored" || result === "present") done.names.add(nameDay(day));
    done.failing.set(day.site, result === "failed" ? failures + 1 : 0);
    done.current = undefined;
  }
}

/**
 * Copies one day and counts the result. Throws a Failure of the whole system.
 * @param {Config} config
 * @param {Tools} tools
 * @param {Day} day
 * @param {import("../queue/work.js").Job} job
 * @param {Batch} batch
 */
async function copyDay(config, tools, day, job, batch) {
  try {
    const copied = await copyMissing(config, tools, day, job);
    if ("heldMs" in copied) {
      batch.busy += 1;
      return "busy";
    }
    if (copied.result === "unfinished") batch.unfinished = day;
    if (copied.result === "stored") batch.stored += 1;
    return copied.result;
  } catch (error) {
    if (!(error instanceof Failure) || !isOfDay(error)) throw error;
    await recordFailure(config, day, error, tools.now());
    batch.failures.push({ ...day, code: error.code, message: error.message });
    return "failed";
  }
}

/**
 * Returns whether a failure belongs to one day or site: ACE refuses it, or the day is too large.
 * @param {Failure} failure
 */
function isOfDay({ code, retryAfterMs }) {
  return ["upstream_contract", "upstream_rejected", "storage"].includes(code) && retryAfterMs === undefined;
}

/**
 * Lists the missing days of the choice, oldest first, sites in turn.
 * @param {Survey} survey
 * @param {Choice} choice
 * @returns {Day[]}
 */
function listChosen({ sites }, choice) {
  const chosen = sites.filter(({ name }) => choice.site === undefined || name === choice.site);
  const days = chosen.flatMap(({ name, missing }) => missing.map((date, turn) => ({ turn, site: name, date })));
  const wanted = days.filter(({ date }) => choice.day === undefined || date === choice.day);
  return wanted.sort((one, other) => one.turn - other.turn).map(({ site, date }) => ({ site, date }));
}
