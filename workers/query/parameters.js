import { DAY_MS } from "../shared/days.js";
import { isDate } from "../shared/settings.js";

/**
 * @typedef {{site: string, start: number, end: number, names: Set<string>|undefined}} Range `start` and `end` in ms, `end`
 *   excluded, `names` undefined for all points
 * @typedef {Range & {names: Set<string>}} Query
 * @typedef {{site: string, day: string}} DayQuery
 * @typedef {Record<string, string>} Problems by parameter
 */

/**
 * Reads a query and lists the problems by parameter.
 * @param {URLSearchParams} given
 * @param {string[]} sites that the bucket holds
 * @param {import("./limits.js").Limits} limits
 */
export function readQuery(given, sites, { rangeMs, points }) {
  const { problems, readText } = openParameters(given, ["site_name", "point_names", "start_time", "end_time"]);
  const [start, end] = ["start_time", "end_time"].map((name) => {
    const ms = readText(name);
    if (ms !== undefined && !/^\d{1,14}$/.test(ms)) problems[name] = "is not a number of ms since the epoch";
    return name in problems ? NaN : Number(ms);
  });
  if (start >= end) problems.start_time = "is not before end_time, which is exclusive";
  if (end - start > rangeMs)
    problems.end_time = `is more than ${rangeMs / DAY_MS} days after start_time: split the request`;
  const names = new Set(readText("point_names")?.split(","));
  if (names.has("")) problems.point_names = "holds an empty name";
  if (names.size > points) problems.point_names = `holds more than ${points} names: split the request`;
  /** @type {Query} */
  const query = { site: readSite(readText, sites, problems), start, end, names };
  return { query, problems };
}

/**
 * Reads the parameters of a list of points.
 * @param {URLSearchParams} given
 * @param {string[]} sites
 */
export function readDayQuery(given, sites) {
  const { problems, readText } = openParameters(given, ["site_name", "day"]);
  const day = readText("day") ?? "";
  if (!("day" in problems) && !(isDate(day) && day >= "1970-01-01")) problems.day = "is not a date as YYYY-MM-DD";
  /** @type {DayQuery} */
  const query = { site: readSite(readText, sites, problems), day };
  return { query, problems };
}

/**
 * @param {(name: string) => string|undefined} readText
 * @param {string[]} sites
 * @param {Problems} problems
 */
function readSite(readText, sites, problems) {
  const site = readText("site_name") ?? "";
  if (!("site_name" in problems) && !sites.includes(site))
    problems.site_name = "is a site that this worker does not serve";
  return site;
}

/**
 * Lists the parameters that are unknown, missing or repeated, and returns a function that reads the others.
 * @param {URLSearchParams} given
 * @param {string[]} expected
 */
function openParameters(given, expected) {
  /** @type {Problems} */
  const problems = {};
  for (const name of new Set([...expected, ...given.keys()])) {
    const values = given.getAll(name);
    if (!expected.includes(name)) problems[name] = `is unknown (expected ${expected.join(", ")})`;
    else if (values.length === 0 || values[0] === "") problems[name] = "is missing";
    else if (values.length > 1) problems[name] = "is given more than once";
  }
  const readText = (/** @type {string} */ name) => (name in problems ? undefined : (given.get(name) ?? undefined));
  return { problems, readText };
}
