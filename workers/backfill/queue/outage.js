/** Failures that say more than that their own day failed: an outage of ACE, a refused key, a refused site. */

/**
 * @typedef {import("./survey.js").Survey} Survey
 * @typedef {import("../control/failures.js").Failed} Failed
 */

const OUTAGE_MS = 3_600_000; // an outage is over so long after its last failure
const OUTAGES = ["upstream_auth", "upstream_unavailable"];
const OF_SITE = ["upstream_rejected", "upstream_unavailable"];
/** @type {Record<string, number>} */
const PROBES = { upstream_auth: 1, upstream_unavailable: 2 }; // days that one run sends during an outage

/** @param {Iterable<Failed>} failures */
function findNewest(failures) {
  /** @type {Failed|undefined} */
  let newest;
  for (const failed of failures) if (newest === undefined || failed.lastAt > newest.lastAt) newest = failed;
  return newest;
}

/**
 * Returns the newest failure where it stops all sites: ACE refuses the key or does not answer, no day was stored since,
 * and it is younger than an hour. Returns undefined otherwise.
 * @param {Survey} survey
 * @param {number} at in ms
 */
export function findOutage({ sites, control, storedAt }, at) {
  const names = new Set(sites.map(({ name }) => name));
  const failure = findNewest(control.failures.values().filter(({ site }) => names.has(site)));
  if (!failure || !OUTAGES.includes(failure.code) || at - failure.lastAt >= OUTAGE_MS) return undefined;
  return storedAt > failure.lastAt ? undefined : failure;
}

/**
 * Returns the days that one run sends at most: few during an outage, so that they only find its end.
 * @param {Survey} survey
 * @param {number} at in ms
 */
export function countAllowed(survey, at) {
  const outage = findOutage(survey, at);
  return outage ? PROBES[outage.code] : Infinity;
}

/**
 * Returns the sites that ACE refuses or does not answer for, each with its newest failure: no day of the site was stored
 * since. A record of another version of the worker does not count, because the new one may have cured the cause.
 * @param {Survey} survey
 * @param {string} version
 * @returns {Map<string, Failed>}
 */
export function findHeldSites({ sites, control }, version) {
  const failures = Map.groupBy(control.failures.values(), ({ site }) => site);
  const held = new Map();
  for (const { name, storedAt } of sites) {
    const failure = findNewest(failures.get(name) ?? []);
    const isHeld = failure && OF_SITE.includes(failure.code) && failure.version === version;
    if (isHeld && failure.lastAt >= storedAt) held.set(name, failure);
  }
  return held;
}

/**
 * Returns the records that say nothing more than the newest one of a refused site.
 * @param {Survey} survey
 * @param {string} version
 * @returns {Failed[]}
 */
export function findRepeatedRefusals(survey, version) {
  const held = findHeldSites(survey, version);
  const refusals = [...survey.control.failures.values()].filter(
    ({ site, code }) => code === "upstream_rejected" && held.get(site)?.code === code,
  );
  const newest = new Map();
  for (const { site, date } of refusals) if (date > (newest.get(site) ?? "")) newest.set(site, date);
  return refusals.filter(({ site, date }) => date !== newest.get(site));
}
