/** Chooses the days that the planner sends next, as a pure function of the survey. */
import { isUnavailable, mustWait } from "../control/failures.js";
import { parseDayName } from "../control/objects.js";
import { needsRecheck } from "./due.js";
import { countAllowed, findHeldSites } from "./outage.js";

/**
 * @typedef {import("./survey.js").Survey} Survey
 * @typedef {import("./survey.js").SiteDays} SiteDays
 * @typedef {import("../control/plan_record.js").Plan} Plan
 * @typedef {import("../control/plan_record.js").What} What
 * @typedef {import("../control/objects.js").Day & {what: What}} Order
 * @typedef {{outstanding: number, rechecks: number}} Limits of days in the queue, and of those that are re-checks
 * @typedef {import("../control/failures.js").Failed} Failed
 * @typedef {{planned: Map<string, unknown>, failed: Map<string, Failed>, mayTry: (failed: Failed) => boolean}} Known the
 *   days of a site that are in the queue, and its failures, by date
 * @typedef {{name: string, newest: string[], late: string[], older: string[]}} Choice the days of a site that may be sent
 */

/**
 * Returns the days to send: the newest missing day of each site, then re-checks, then the oldest missing days, sites in
 * turn. Leaves out days in the queue and failed days that must wait. It returns few days while ACE refuses the key or does
 * not answer, and one day of a site for which it does.
 * @param {Survey} survey
 * @param {Plan} plan the days in the queue
 * @param {import("../settings.js").Config} config
 * @param {Limits} limits
 * @param {number} at in ms
 * @returns {Order[]}
 */
export function chooseDays(survey, plan, config, limits, at) {
  const count = Math.min(Math.max(0, limits.outstanding - plan.size), countAllowed(survey, at));
  const planned = [...plan.values()].filter(({ what }) => what === "recheck").length;
  const held = findHeldSites(survey, config.version);
  const [inQueue, failures] = [groupBySite(plan), groupBySite(survey.control.failures)];
  const choices = survey.sites.map((site) => {
    const [planned, failed] = [inQueue.get(site.name) ?? new Map(), failures.get(site.name) ?? new Map()];
    const mayTry = (/** @type {Failed} */ one) => !mustWait(one, at, config.version, survey.storedAt);
    return chooseOfSite(site, { planned, failed, mayTry }, config, at, held.get(site.name));
  });
  /** @param {"newest"|"late"|"older"} group */
  const pick = (group) => choices.map((choice) => ({ name: choice.name, dates: choice[group] }));
  const rechecks = takeInTurn(pick("late"), "recheck", Math.max(0, limits.rechecks - planned));
  const [newest, older] = [takeInTurn(pick("newest"), "copy", count), takeInTurn(pick("older"), "copy", count)];
  return [...newest, ...rechecks, ...older].slice(0, count);
}

const FIRST_DAYS = 50; // in the queue, of a site of which no day is stored: ACE may refuse the site

/**
 * Returns the days of a site that may be sent: one probe where ACE refuses the site or does not answer for it, and few
 * where ACE was never asked for the site.
 * @param {SiteDays} site
 * @param {Known} known
 * @param {import("../settings.js").Config} config
 * @param {number} at in ms
 * @param {Failed|undefined} held
 * @returns {Choice}
 */
function chooseOfSite({ name, missing, due, stored }, known, config, at, held) {
  const isPlanned = (/** @type {string} */ date) => known.planned.has(date);
  const findFailed = (/** @type {string} */ date) => known.failed.get(date);
  const isFree = (/** @type {string} */ date) => {
    const failed = findFailed(date);
    return !isPlanned(date) && (failed === undefined || known.mayTry(failed));
  };
  const late = due.filter((date) => {
    const uploaded = stored.get(date)?.uploaded;
    return uploaded !== undefined && needsRecheck(date, uploaded, config, at);
  });
  if (held) {
    const days = missing.length > 0 ? missing : late;
    const mayProbe = (/** @type {string} */ date) =>
      isFree(date) || (!isPlanned(date) && isNewOutage(findFailed(date)));
    const probe = isUnavailable(held) ? findLeastTried(days.filter(mayProbe), findFailed) : days.slice(-1).find(isFree);
    const dates = probe === undefined ? [] : [probe];
    return { name, newest: missing.length > 0 ? dates : [], late: missing.length > 0 ? [] : dates, older: [] };
  }
  const dates = missing.filter(isFree);
  const last = missing.findLast((date) => isPlanned(date) || isFree(date));
  const newest = dates.filter((date) => date === last);
  const count = stored.size > 0 ? dates.length : Math.max(0, FIRST_DAYS - known.planned.size - newest.length);
  const older = dates.filter((date) => date !== last).slice(0, count);
  return { name, newest, late: late.filter(isFree), older };
}

/**
 * Groups entries by their site, because the names of all days of all sites would take long to make.
 * @template T
 * @param {Map<string, T>} entries by site and date
 * @returns {Map<string, Map<string, T>>} by site, then by date
 */
function groupBySite(entries) {
  /** @type {Map<string, Map<string, T>>} */
  const sites = new Map();
  for (const [name, entry] of entries) {
    const { site, date } = parseDayName(name);
    const days = sites.get(site) ?? new Map();
    sites.set(site, days.set(date, entry));
  }
  return sites;
}

const PROBE_ATTEMPTS = 3; // a day that failed so often is a probe only after its pause

/** @param {Failed|undefined} failed */
const isNewOutage = (failed) => failed !== undefined && isUnavailable(failed) && failed.attempts < PROBE_ATTEMPTS;

/**
 * Returns the day with the fewest failed attempts, the newest of several.
 * @param {string[]} dates
 * @param {(date: string) => Failed|undefined} findFailed
 */
function findLeastTried(dates, findFailed) {
  const count = (/** @type {string} */ date) => findFailed(date)?.attempts ?? 0;
  return dates.reduceRight(
    (/** @type {string|undefined} */ best, date) => (best !== undefined && count(best) <= count(date) ? best : date),
    undefined,
  );
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
