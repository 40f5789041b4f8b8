/** Judges ACE's answers: a page, an empty page or a Failure with the code of its cause. */
import { Failure } from "../failure.js";
import { JsonNumber } from "../samples.js";

/**
 * @typedef {{name: string, value: string|JsonNumber|boolean|null, time: string}} Row
 * @typedef {{point_samples: Row[], has_more: true, next_cursor: string}
 *   | {point_samples: Row[], has_more: false, next_cursor?: string|null}} Page
 */

const PARAMETERS = ["start_time", "end_time", "page_size", "raw_data", "cursor"];

/**
 * Returns the page of an answer with status 200. Any other form is refused, because it would make every day look empty.
 * A number among the values keeps its text.
 * @param {string} text
 * @returns {Page}
 */
export function readPage(text) {
  const page = checkedPage(parseJson(text));
  const isNumber = (/** @type {any} */ row) => typeof row?.value === "number";
  return page.point_samples.some(isNumber) ? JSON.parse(text, keepNumber) : page;
}

/**
 * Returns the value of a JSON text, undefined for another text.
 * @param {string} text
 */
export function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * @param {string} key
 * @param {unknown} value
 * @param {{source?: string}} [context]
 */
const keepNumber = (key, value, context) =>
  key === "value" && typeof value === "number" ? new JsonNumber(context?.source ?? `${value}`) : value;

/**
 * @param {any} body
 * @returns {Page}
 */
function checkedPage(body) {
  const { point_samples: rows, has_more: more, next_cursor: cursor } = body ?? {};
  if (!Array.isArray(rows) || typeof more !== "boolean") {
    throw new Failure("upstream_contract", "ACE answered 200 without `point_samples` and `has_more`");
  }
  if (more && (rows.length === 0 || typeof cursor !== "string" || cursor === "")) {
    throw new Failure("upstream_contract", "ACE says that more rows follow, but sends no rows or no cursor");
  }
  if (!more && (cursor ?? "") !== "") {
    throw new Failure("upstream_contract", "ACE says that no more rows follow, but sends a cursor");
  }
  return body;
}

/**
 * Returns an empty page when the status and the body mean "no data". Throws a Failure otherwise.
 * @param {Response} response with another status than 200
 * @param {string} content
 * @returns {Page}
 */
export function readError({ status, headers }, content) {
  const body = parseJson(content);
  const text = body?.message;
  if (status === 404 && /^No data for time period\b/.test(text)) return { point_samples: [], has_more: false };
  if (status === 401) throw new Failure("upstream_auth", "ACE answered 401: the key is missing, wrong or expired");
  if (status === 500 && text === "An unhandled exception occurred.") {
    throw new Failure("upstream_auth", "ACE answered 500 as it does for an unknown key: probably a bad key");
  }
  if (status === 408 || status === 429 || status >= 500) {
    throw new Failure("upstream_unavailable", `ACE answered ${status}`, readRetryAfter(headers.get("Retry-After")));
  }
  if (status < 400) throw new Failure("upstream_contract", `ACE answered ${status}, neither data nor an error`);
  const names = PARAMETERS.filter((name) => body?.errors?.[name]);
  const reason = status === 403 ? ": the site is unknown to this key" : names.length > 0 ? `: ${names.join(", ")}` : "";
  throw new Failure("upstream_rejected", `ACE answered ${status}${reason}`);
}

/**
 * Returns Retry-After in ms, from seconds or from a date. Returns 0 when the header is absent or unreadable.
 * @param {string|null} text
 */
function readRetryAfter(text) {
  const ms = /^\d+$/.test(text ?? "") ? Number(text) * 1000 : Date.parse(text ?? "") - Date.now();
  return Number.isNaN(ms) ? 0 : Math.max(ms, 0);
}
