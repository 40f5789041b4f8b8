/**
 * The planner: one run of the cron. It compares the due days with the bucket, and sends missing days to the queue. The
 * bucket is the truth and the queue a hint, so a message that is lost, doubled or late loses and doubles no data.
 */
import { Failure } from "../../shared/failure.js";
import { writeLog } from "../../shared/log.js";
import { clearFailures } from "../control/failures.js";
import { withLease } from "../control/lease.js";
import { FOLDER, nameDay, readObject } from "../control/objects.js";
import { readPlan, writePlan } from "../control/plan_record.js";
import { needsRecheck } from "./due.js";
import { chooseDays } from "./order.js";
import { findOutage, findRepeatedRefusals } from "./outage.js";
import { settlePlan } from "./settle.js";
import { countMissing, surveyDays } from "./survey.js";

/**
 * @typedef {import("../settings.js").Config} Config
 * @typedef {import("./survey.js").Survey} Survey
 * @typedef {import("./order.js").Order} Order
 * @typedef {import("../control/plan_record.js").Known} Known
 * @typedef {{limits: Readonly<import("../limits.js").Limits>, now: () => number}} Tools
 * @typedef {import("../control/logged_run.js").Outcome} Outcome
 */

const BATCH = 100; // messages at most in one call of Queues
const SWEEP_AGE_MS = 3_600_000; // a lease of that age belongs to a run that was killed
const SWEEP_LEASES = 20; // at most in one run
const SWEEP_FAILURES = 1000; // the same for failure records, in one call of R2
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
  const { plan, progress, stored, rechecked } = settlePlan(known, survey, config, limits.planMs, at);
  const orders = chooseDays(survey, plan, config, limits, at);
  for (const { what, ...day } of orders) plan.set(nameDay(day), { what, at });
  const counts = countDays(survey);
  if (orders.length > 0 || plan.size !== known.plan.size) {
    const etag = await writePlan(config, { plan, progress, etag: known.etag });
    if (etag === null) {
      writeLog("log", "[Backfill] Another planner was first", counts);
      return { ...counts, stored: 0, queued: 0 };
    }
    await sendDays(config, orders, { plan, progress, etag });
  }
  await sweepLeases(config, survey, now);
  await sweepFailures(config, survey, at);
  const outcome = { ...counts, stored, rechecked, queued: orders.length };
  writeLog("log", "[Backfill] Planned", { ...outcome, outstanding: plan.size });
  return { ...outcome, outage: await describeOutage(config, survey, at) };
}

/** @param {Survey} survey */
function countDays({ sites, control }) {
  const missing = new Map(sites.map((site) => [site.name, site.missing]));
  const failed = control.failures.values().filter(({ site, date }) => missing.get(site)?.includes(date));
  return { planned: countMissing({ sites }), failed: [...failed].length };
}

/**
 * Sends the days. Days that the queue did not take leave the plan, so that the next run sends them.
 * @param {Config} config
 * @param {Order[]} orders
 * @param {Known} written
 */
async function sendDays(config, orders, { plan, progress, etag }) {
  for (let sent = 0; sent < orders.length; sent += BATCH) {
    const messages = orders.slice(sent, sent + BATCH).map(({ site, date, what }) => ({ v: 1, site, day: date, what }));
    try {
      await config.days.sendBatch(messages.map((body) => ({ body })));
    } catch (error) {
      for (const day of orders.slice(sent)) plan.delete(nameDay(day));
      await writePlan(config, { plan, progress, etag });
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
 * another run stored it, leaves one behind. Of a refused site, the newest record remains, because the others say the same.
 * @param {Config} config
 * @param {Survey} survey
 * @param {number} at in ms
 */
async function sweepFailures(config, survey, at) {
  const { sites, control } = survey;
  const done = [...control.failures.values()].filter(({ site, date }) => {
    const found = sites.find(({ name }) => name === site)?.stored.get(date);
    return found !== undefined && !needsRecheck(date, found.uploaded, config, at);
  });
  const needless = [...done, ...findRepeatedRefusals(survey, config.version)].slice(0, SWEEP_FAILURES);
  if (needless.length > 0) await clearFailures(config, ...needless);
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
