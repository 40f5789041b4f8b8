import { DAY_MS } from "../shared/days.js";

/** @typedef {{start: number, end: number, names: Set<string>}} Query `start` and `end` in ms, `end` excluded */

const PARAMETERS = ["site_name", "point_names", "start_time", "end_time"];

/**
 * Reads a query and lists the problems by parameter.
 * @param {URLSearchParams} given
 * @param {string} site that the bucket holds
 * @param {import("./limits.js").Limits} limits
 */
export function readQuery(given, site, { rangeMs, points }) {
  const problems = listMisuse(given);
  const readText = (/** @type {string} */ name) => (name in problems ? undefined : (given.get(name) ?? undefined));
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
  const asked = readText("site_name");
  if (asked !== undefined && asked !== site) problems.site_name = "is a site that this worker does not serve";
  /** @type {Query} */
  const query = { start, end, names };
  return { query, problems };
}

/**
 * Lists the parameters that are unknown, missing or repeated.
 * @param {URLSearchParams} given
 */
function listMisuse(given) {
  /** @type {Record<string, string>} */
  const problems = {};
  for (const name of new Set([...PARAMETERS, ...given.keys()])) {
    const values = given.getAll(name);
    if (!PARAMETERS.includes(name)) problems[name] = `is unknown (expected ${PARAMETERS.join(", ")})`;
    else if (values.length === 0 || values[0] === "") problems[name] = "is missing";
    else if (values.length > 1) problems[name] = "is given more than once";
  }
  return problems;
}
