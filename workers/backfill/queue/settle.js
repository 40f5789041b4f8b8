/** Compares the plan of the last run with the bucket: the days that left the queue, and those that are still in it. */
import { parseDayName } from "../control/objects.js";
import { isDue, needsRecheck } from "./due.js";

/**
 * @typedef {import("../settings.js").Config} Config
 * @typedef {import("./survey.js").Survey} Survey
 * @typedef {import("../control/plan_record.js").Known} Known
 * @typedef {import("../control/plan_record.js").Plan} Plan
 * @typedef {import("../control/plan_record.js").Progress} Progress
 */

const PASSED_MS = 3_600_000; // Queues may deliver messages in another order, but not so far apart

/**
 * Returns the days that are still in the queue, and counts those that were stored or re-checked since the last run. A
 * day that failed, that is lost or that is not declared any more does not count.
 * @param {Pick<Known, "plan"|"progress">} known
 * @param {Survey} survey
 * @param {Config} config
 * @param {number} planMs
 * @param {number} at in ms
 */
export function settlePlan(known, survey, config, planMs, at) {
  /** @type {Plan} */
  const plan = new Map();
  const progress = { ...known.progress };
  let [stored, rechecked] = [0, 0];
  for (const [name, entry] of known.plan) {
    const { site, date } = parseDayName(name);
    const declared = config.sites.find((one) => one.name === site);
    if (declared === undefined || !isDue(declared, date, config, at)) continue;
    const uploaded = survey.sites.find((one) => one.name === site)?.stored.get(date)?.uploaded;
    const isStored = entry.what === "copy" && uploaded !== undefined;
    const isRechecked = entry.what === "recheck" && uploaded && !needsRecheck(date, uploaded, config, at);
    const failedAt = survey.control.failures.get(name)?.lastAt ?? -Infinity;
    if (!isStored && !isRechecked && failedAt < entry.at) {
      plan.set(name, entry);
      continue;
    }
    if (isStored) stored += 1;
    if (isRechecked) rechecked += 1;
    progress.doneAt = Math.max(progress.doneAt, isStored || isRechecked ? (uploaded ?? 0) : failedAt);
    progress.sentAt = Math.max(progress.sentAt, entry.at);
  }
  for (const [name, entry] of plan) if (isLost(entry.at, progress, planMs, at)) plan.delete(name);
  return { plan, progress, stored, rechecked };
}

/**
 * Returns whether the message of a day is lost, so that it is sent again: it is old, and a later message is done already
 * or no message was done for a long time. A slow queue loses nothing, so the age alone says nothing.
 * @param {number} sentAt in ms
 * @param {Progress} progress
 * @param {number} planMs
 * @param {number} at in ms
 */
function isLost(sentAt, progress, planMs, at) {
  const isPassed = progress.sentAt >= sentAt + PASSED_MS;
  return at - sentAt >= planMs && (isPassed || at - progress.doneAt >= planMs);
}
