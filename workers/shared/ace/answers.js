/** Judges ACE's answers: a page, an empty page or a Failure with the code of its cause. */
import { Failure } from "../failure.js";

/**
 * @typedef {{name: string, value: string, time: string}} Row
 * @typedef {{point_samples: Row[], has_more: true, next_cursor: string}
 *   | {point_samples: Row[], has_more: false, next_cursor?: string|null}} Page
 */

const PARAMETERS = ["start_time", "end_time", "page_size", "raw_data", "cursor"];

/**
 * Reads a body as text and stops at the limit.
 * @param {Response} response
 * @param {number} maxBytes
 */
export async function readText({ body }, maxBytes) {
  const decoder = new TextDecoder();
  let [text, size] = ["", 0];
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) throw new Failure("upstream_contract", `ACE's answer exceeds ${maxBytes} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/**
 * Returns the page of an answer with status 200. Any other form is refused, because it would make every day look empty.
 * @param {any} body
 * @returns {Page}
 */
export function checkedPage(body) {
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
 * @param {any} body
 * @returns {Page}
 */
export function readError({ status, headers }, body) {
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
