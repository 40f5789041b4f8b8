/** ACE's times and cursors. ACE's own cursor can lead to the same page again (docs/decisions.md). */
import { Failure } from "../failure.js";

/** @typedef {{text: string, at?: number, offset?: number}} Cursor `at` in microseconds. Opaque without `at` and `offset` */

const TIME = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|\+00:00)?$/;

/**
 * Returns the microseconds since the epoch of ACE's time, which has no zone and means UTC. NaN for any other text.
 * @param {unknown} text
 */
export function parseTime(text) {
  const [, date, time, fraction = ""] = TIME.exec(String(text)) ?? [];
  return Date.parse(`${date}T${time}Z`) * 1000 + Number(fraction.slice(0, 6).padEnd(6, "0"));
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
 * @param {number[]} times of the page, in microseconds
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
