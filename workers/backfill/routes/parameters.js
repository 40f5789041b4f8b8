/** The query parameters of a route. */
import { refuse } from "../../shared/answers.js";
import { isDate } from "../../shared/settings.js";
import { isDue } from "../queue/due.js";

/**
 * @typedef {Record<string, string>} Problems by parameter
 */

/**
 * Reads `site` and `day`, and more parameters with their values. Lists the problems by parameter.
 * @param {Request} request
 * @param {import("../settings.js").Config} config
 * @param {number} at in ms
 * @param {{site: boolean, day: boolean}} required
 * @param {Record<string, string[]>} [more] the values that each further parameter takes
 */
export function readDay(request, { sites, ...rules }, at, required, more = {}) {
  const given = new URL(request.url).searchParams;
  const names = ["site", "day", ...Object.keys(more)];
  /** @type {Problems} */
  const problems = {};
  for (const name of given.keys()) {
    if (!names.includes(name)) problems[name] = `is unknown (expected ${names.join(", ")})`;
    else if (given.getAll(name).length > 1) problems[name] = "is given more than once";
  }
  const read = (/** @type {string} */ name) => (name in problems ? undefined : (given.get(name) ?? undefined));
  const [site, day] = [read("site"), read("day")];
  for (const name of /** @type {const} */ (["site", "day"])) {
    if (required[name] && !given.has(name)) problems[name] = "is missing";
  }
  const chosen = sites.filter(({ name }) => site === undefined || name === site);
  if (chosen.length === 0) problems.site = "is not a declared site";
  if (day !== undefined && !isDate(day)) problems.day = "is not a date as YYYY-MM-DD";
  else if (day !== undefined && chosen.length > 0 && !chosen.some((one) => isDue(one, day, rules, at))) {
    problems.day = "is not a due day: it is not declared, or not over for long enough";
  }
  for (const [name, values] of Object.entries(more)) {
    const value = read(name);
    if (value !== undefined && !values.includes(value)) problems[name] = `is not one of ${values.join(", ")}`;
  }
  const rest = Object.fromEntries(Object.keys(more).map((name) => [name, read(name)]));
  return { values: { site, day }, rest, problems };
}

/** @param {Problems} problems */
export function refuseParameters(problems) {
  const message = Object.entries(problems).map(([name, problem]) => `${name} ${problem}`);
  return refuse(400, { code: "bad_parameter", message: message.join(". "), parameters: problems });
}
