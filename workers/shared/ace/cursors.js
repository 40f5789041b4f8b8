/** The times and cursors of ACE. ACE's own cursor can lead to the same page again (docs/decisions.md). */
import { Failure } from "../failure.js";

/** @typedef {{text: string, at?: number, offset?: number}} Cursor `at` in microseconds. Opaque without `at` and `offset` */

const TIME = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d(?:\.(\d{1,9}))?)? ?(?:Z|([+-]\d\d)(?::?(\d\d))?)?$/;

/**
 * Returns the microseconds since the epoch of a time of ACE, NaN for any other text. A time without a zone means UTC, and
 * one with a zone is converted. Seconds may be absent.
 * @param {unknown} text
 */
export function parseTime(text) {
  const matched = typeof text === "string" ? TIME.exec(text) : null;
  if (matched === null) return NaN;
  const [, date, minutes, seconds = ":00", fraction = "", hours = "+00", more = "00"] = matched;
  const ms = Date.parse(`${date}T${minutes}${seconds.slice(0, 3)}${hours}:${more}`);
  return ms * 1000 + Number(fraction.slice(0, 6).padEnd(6, "0"));
}

/**
 * @param {string} text
 * @returns {Cursor}
 */
function decodeCursor(text) {
  try {
    const { offset, timestamp } = JSON.parse(atob(text));
    const at = parseTime(timestamp);
    if (Number.isSafeInteger(offset) && offset >= 0 && !Number.isNaN(at)) return { text, offset, at };
  } catch {} // a cursor is opaque by ACE's contract, so an unknown form is used unchanged
  return { text };
}

/**
 * Returns the cursor of the next page. ACE's cursor ignores rows that earlier pages took of the same timestamp, so a
 * page within one timestamp leads to itself. This function repairs that offset. Any other wrong offset could skip rows
 * and is refused.
 * @param {Cursor|undefined} sent
 * @param {string} given by ACE
 * @param {Float64Array} times of the page, in microseconds
 * @returns {Cursor}
 */
export function nextCursor(sent, given, times) {
  const next = decodeCursor(given);
  if (next.at === undefined && given !== sent?.text) return next;
  if (next.at === undefined) throw new Failure("upstream_contract", "ACE repeats the cursor");
  const { at } = next;
  const inPage = times.filter((time) => time >= at).length;
  if (inPage === 0) throw new Failure("upstream_contract", "ACE's cursor is later than the last row of its page");
  const offset = inPage + (sent?.at === at ? (sent.offset ?? 0) : 0);
  if ((next.offset !== offset && next.offset !== inPage) || at < (sent?.at ?? at)) {
    throw new Failure("upstream_contract", `ACE's cursor does not fit its page: ${next.offset} rows, not ${offset}`);
  }
  if (next.offset === offset) return next;
  return { text: btoa(JSON.stringify({ ...JSON.parse(atob(given)), offset })), offset, at };
}
