/**
 * The planner: one run of the cron. It compares the due days with the bucket, and sends missing days to the queue. The
 * bucket is the truth and the queue a hint, so a message that is lost, doubled or late loses and doubles no data.
 */
import { Failure } from "../../shared/failure.js";
import { writeLog } from "../../shared/log.js";
import { clearFailure } from "../control/failures.js";
import { withLease } from "../control/lease.js";
import { FOLDER, nameDay, readObject } from "../control/objects.js";
import { readPlan, writePlan } from "../control/plan_record.js";
import { isDue, needsRecheck } from "./due.js";
import { chooseDays, findOutage } from "./order.js";
import { surveyDays } from "./survey.js";

/**
 * @typedef {import("../settings.js").Config} Config
 * @typedef {import("./survey.js").Survey} Survey
 * @typedef {import("./order.js").Order} Order
 * @typedef {import("../control/plan_record.js").Plan} Plan
 * @typedef {{limits: Readonly<import("../limits.js").Limits>, now: () => number}} Tools
 * @typedef {import("../control/logged_run.js").Outcome} Outcome
 */

const BATCH = 100; // messages at most in one call of Queues
const SWEEP_AGE_MS = 3_600_000; // a lease of that age belongs to a run that was killed
const SWEEP_LEASES = 20; // at most in one run
const SWEEP_FAILURES = 100; // the same for failure records
const SWEEP_MS = 60_000;

/**
 * Plans once. A planner that another one overtakes sends nothing. Throws a Failure.
 * @param {Config} config
 * @param {Tools} tools
 * @returns {Promise<Outcome>}
 */
export async function planDays(config, { limits, now }) {
  const at = now();
  const known = await readPlan(config); // before the survey, so that a planner with an old survey loses the swap
  const survey = await surveyDays(config, at);
  if (survey.control.hasPause) {
    writeLog("log", "[Backfill] Paused", {});
    return { stored: 0 };
  }
  const { plan, stored, rechecked } = settlePlan(known.plan, survey, config, limits.planMs, at);
  const orders = chooseDays(survey, plan, config, limits, at);
  for (const { what, ...day } of orders) plan.set(nameDay(day), { what, at });
  const counts = countDays(survey);
  if (orders.length > 0 || plan.size !== known.plan.size) {
    const etag = await writePlan(config, { plan, etag: known.etag });
    if (etag === null) {
      writeLog("log", "[Backfill] Another planner was first", counts);
      return { ...counts, stored: 0, queued: 0 };
    }
    await sendDays(config, orders, { plan, etag });
  }
  await sweepLeases(config, survey, now);
  await sweepFailures(config, survey, at);
  const outcome = { ...counts, stored, rechecked, queued: orders.length };
  writeLog("log", "[Backfill] Planned", { ...outcome, outstanding: plan.size });
  return { ...outcome, outage: await describeOutage(config, survey, at) };
}

/** @param {Survey} survey */
function countDays({ sites, control }) {
  const missing = sites.flatMap((site) => site.missing.map((date) => nameDay({ site: site.name, date })));
  return { planned: missing.length, failed: missing.filter((name) => control.failures.has(name)).length };
}

/**
 * Returns the days that are still in the queue, and counts those that were stored or re-checked since the last run. A
 * day that failed, that is too old or that is not declared any more does not count.
 * @param {Plan} before
 * @param {Survey} survey
 * @param {Config} config
 * @param {number} planMs
 * @param {number} at in ms
 */
function settlePlan(before, survey, config, planMs, at) {
  /** @type {Plan} */
  const plan = new Map();
  let [stored, rechecked] = [0, 0];
  for (const [name, entry] of before) {
    const [site, date] = [name.slice(0, -11), name.slice(-10)];
    const declared = config.sites.find((one) => one.name === site);
    const found = survey.sites.find((one) => one.name === site)?.stored.get(date);
    const failedAt = survey.control.failures.get(name)?.lastAt ?? -Infinity;
    const isOver = at - entry.at >= planMs || failedAt >= entry.at;
    if (declared === undefined || !isDue(declared, date, config, at)) continue;
    if (entry.what === "copy" && found) stored += 1;
    else if (entry.what === "recheck" && found && !needsRecheck(date, found.uploaded, config, at)) rechecked += 1;
    else if (!isOver) plan.set(name, entry);
  }
  return { plan, stored, rechecked };
}

/**
 * Sends the days. Days that the queue did not take leave the plan, so that the next run sends them.
 * @param {Config} config
 * @param {Order[]} orders
 * @param {{plan: Plan, etag: string}} written
 */
async function sendDays(config, orders, { plan, etag }) {
  for (let sent = 0; sent < orders.length; sent += BATCH) {
    const messages = orders.slice(sent, sent + BATCH).map(({ site, date, what }) => ({ v: 1, site, day: date, what }));
    try {
      await config.days.sendBatch(messages.map((body) => ({ body })));
    } catch (error) {
      for (const day of orders.slice(sent)) plan.delete(nameDay(day));
      await writePlan(config, { plan, etag });
      throw new Failure("queue", `the queue did not take ${messages.length} days: ${String(error).slice(0, 200)}`, 0);
    }
  }
}

/**
 * Deletes leases of runs that were killed, each under its own name: it is taken over first.
 * @param {Config} config
 * @param {Survey} survey
 * @param {() => number} now
 */
async function sweepLeases(config, { control }, now) {
  const old = control.leases.filter(({ takenAt }) => now() - takenAt >= SWEEP_AGE_MS);
  for (const { site, date } of old.slice(0, SWEEP_LEASES)) {
    await withLease(config, { site, date }, SWEEP_MS, now, async () => {});
  }
}

/**
 * Deletes the failure records of days that are done. A run that was killed after it stored the day, or that failed after
 * another run stored it, leaves one behind.
 * @param {Config} config
 * @param {Survey} survey
 * @param {number} at in ms
 */
async function sweepFailures(config, { sites, control }, at) {
  const done = [...control.failures.values()].filter(({ site, date }) => {
    const found = sites.find(({ name }) => name === site)?.stored.get(date);
    return found !== undefined && !needsRecheck(date, found.uploaded, config, at);
  });
  for (const day of done.slice(0, SWEEP_FAILURES)) await clearFailure(config, day);
}

/**
 * Returns the error of an outage, with the message of its record.
 * @param {Config} config
 * @param {Survey} survey
 * @param {number} at in ms
 */
async function describeOutage(config, survey, at) {
  const failed = findOutage(survey, at);
  if (failed === undefined) return undefined;
  const record = await readObject(config, `${FOLDER}failures/${nameDay(failed)}.json`);
  return { code: failed.code, message: `${record?.value?.message ?? "the failure record has no message"}` };
}
