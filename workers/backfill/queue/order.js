/** Chooses the days that the planner sends next, as a pure function of the survey. */
import { mustWait } from "../control/failures.js";
import { nameDay } from "../control/objects.js";
import { needsRecheck } from "./due.js";

/**
 * @typedef {import("./survey.js").Survey} Survey
 * @typedef {import("../control/plan_record.js").Plan} Plan
 * @typedef {import("../control/plan_record.js").What} What
 * @typedef {import("../control/objects.js").Day & {what: What}} Order
 * @typedef {{outstanding: number, rechecks: number}} Limits of days in the queue, and of those that are re-checks
 */

const OUTAGE_MS = 3_600_000; // an outage is over so long after its last failure
const OUTAGES = ["upstream_auth", "upstream_unavailable"];

/**
 * Returns the days to send: the newest missing day of each site, then re-checks, then the oldest missing days, sites in
 * turn. Leaves out days in the queue and failed days that must wait. While ACE refuses the key, it returns one day.
 * @param {Survey} survey
 * @param {Plan} plan the days in the queue
 * @param {import("../settings.js").Config} config
 * @param {Limits} limits
 * @param {number} at in ms
 * @returns {Order[]}
 */
export function chooseDays(survey, plan, config, limits, at) {
  const free = Math.max(0, limits.outstanding - plan.size);
  const count = findOutage(survey, at)?.code === "upstream_auth" ? Math.min(1, free) : free; // a probe of the key
  const planned = [...plan.values()].filter(({ what }) => what === "recheck").length;
  const isFree = (/** @type {string} */ site, /** @type {string} */ date) => {
    const name = nameDay({ site, date });
    const failed = survey.control.failures.get(name);
    return !plan.has(name) && !(failed && mustWait(failed, at, config.version));
  };
  const missing = survey.sites.map(({ name, missing: dates }) => ({
    name,
    dates: dates.filter((date) => isFree(name, date)),
    newest: dates.findLast((date) => plan.has(nameDay({ site: name, date })) || isFree(name, date)),
  }));
  const newest = missing.map(({ name, dates, newest: date }) => ({ name, dates: dates.filter((one) => one === date) }));
  const older = missing.map(({ name, dates, newest: date }) => ({ name, dates: dates.filter((one) => one !== date) }));
  const late = survey.sites.map(({ name, due, stored }) => ({
    name,
    dates: due.filter((date) => {
      const uploaded = stored.get(date)?.uploaded;
      return uploaded !== undefined && needsRecheck(date, uploaded, config, at) && isFree(name, date);
    }),
  }));
  const rechecks = takeInTurn(late, "recheck", Math.max(0, limits.rechecks - planned));
  return [...takeInTurn(newest, "copy", count), ...rechecks, ...takeInTurn(older, "copy", count)].slice(0, count);
}

/**
 * Takes one day of each site in turn.
 * @param {{name: string, dates: string[]}[]} sites
 * @param {What} kind
 * @param {number} count at most
 * @returns {Order[]}
 */
function takeInTurn(sites, kind, count) {
  /** @type {Order[]} */
  const orders = [];
  for (let turn = 0; orders.length < count; turn += 1) {
    const left = sites.filter(({ dates }) => turn < dates.length);
    if (left.length === 0) break;
    for (const { name, dates } of left.slice(0, count - orders.length)) {
      orders.push({ site: name, date: dates[turn], what: kind });
    }
  }
  return orders;
}

/**
 * Returns the newest failure record of a declared site.
 * @param {Survey} survey
 */
function findNewestFailure({ sites, control }) {
  const names = new Set(sites.map(({ name }) => name));
  const failures = [...control.failures.values()].filter(({ site }) => names.has(site));
  return failures.reduce((one, other) => (one && one.lastAt >= other.lastAt ? one : other), failures[0]);
}

/**
 * Returns the newest failure where it stops all sites: ACE refuses the key or does not answer, no day was stored since,
 * and it is younger than an hour. Returns undefined otherwise.
 * @param {Survey} survey
 * @param {number} at in ms
 */
export function findOutage(survey, at) {
  const failure = findNewestFailure(survey);
  if (!failure || !OUTAGES.includes(failure.code) || at - failure.lastAt >= OUTAGE_MS) return undefined;
  const isOver = survey.sites.some(({ stored }) => stored.values().some(({ uploaded }) => uploaded > failure.lastAt));
  return isOver ? undefined : failure;
}
