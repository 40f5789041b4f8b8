/** The totals of GET /status and POST /trigger. */
import { nameDay } from "../control/objects.js";

/**
 * @typedef {import("../queue/survey.js").Survey} Survey
 * @typedef {import("../queue/tools.js").Counters} Counters
 * @typedef {Counters & {current_site: string, current_date: string, days_complete: number, days_total: number}} Progress
 */

/**
 * Returns the totals over all sites. The current day is the day in work, the oldest missing one, or the last one.
 * @param {Survey} survey
 * @param {Counters} counters
 * @param {Set<string>} done the days that were stored after the survey
 * @param {import("../control/objects.js").Day} [current]
 * @returns {Progress}
 */
export function formatProgress({ sites }, counters, done, current) {
  const missing = sites.flatMap(({ name, missing: dates }) =>
    dates.filter((date) => !done.has(nameDay({ site: name, date }))).map((date) => ({ site: name, date })),
  );
  const total = sites.reduce((sum, { due }) => sum + due.length, 0);
  const oldest = missing.reduce((one, other) => (one && one.date <= other.date ? one : other), missing[0]);
  const last = { site: sites[0].name, date: sites[0].due.at(-1) ?? sites[0].start };
  const { site, date } = current ?? oldest ?? last;
  const days = { days_complete: total - missing.length, days_total: total };
  return { current_site: site, current_date: date, ...days, ...counters };
}
