import { parseTime } from "../../shared/ace/cursors.js";
import { Failure } from "../../shared/failure.js";
import { formatName, formatTime, formatValue } from "../../shared/samples.js";

/**
 * @typedef {import("../../shared/ace/answers.js").Row} Row
 * @typedef {import("../../shared/ace/cursors.js").Cursor} Cursor
 * @typedef {{at: number, ms: number, bytes: Uint8Array}} Time `at` in microseconds, `bytes` are its part of a line
 * @typedef {{name: string, number: number, member: import("./member.js").Member|undefined, bytes: Uint8Array,
 *   next: Point|undefined}} Point
 */

const utf8 = new TextEncoder();

/** Checks the rows of ACE's pages and adds them to the members of a day. */
export class Tally {
  /** @type {Map<string, Point>} */
  #points = new Map();
  #latest = -Infinity; // in microseconds, of the pages so far
  #seen = new Set();

  /**
   * @param {import("./members.js").Members} members
   * @param {number} start in ms
   * @param {number} end in ms, excluded
   */
  constructor(members, start, end) {
    this.members = members;
    this.start = start;
    this.end = end;
  }

  /**
   * Adds the rows of a page in ACE's order, and returns their times in microseconds. A row at `end` belongs to the next
   * day and is left out. ACE does not document whether it includes `end_time`, and this is right in both cases.
   * @param {Row[]} rows
   * @param {Cursor} [sent]
   */
  take(rows, sent) {
    /** @type {Map<string, Time>} a page has few distinct times */
    const times = new Map();
    const all = new Float64Array(rows.length);
    let [hash, other] = [0, 0]; // of the page
    /** @type {Point|undefined} */
    let point;
    /** @type {Time|undefined} */
    let moment;
    let last = "";
    for (let index = 0; index < rows.length; index += 1) {
      const { name, value, time } = rows[index] ?? {};
      const text = formatValue(value);
      if (text === undefined || typeof name !== "string" || name === "") refuseRow();
      if (moment === undefined || time !== last) moment = times.get(time) ?? this.#readTime(time, sent, times);
      last = time;
      point = this.#findPoint(name, point);
      all[index] = moment.at;
      hash = Math.imul(hash ^ point.number, 0x01000193);
      other = Math.imul(other ^ moment.at, 0x5bd1e995);
      for (let at = 0; at < text.length; at += 1) {
        const code = text.charCodeAt(at);
        hash = Math.imul(hash ^ code, 0x01000193);
        other = Math.imul(other ^ code, 0x5bd1e995);
      }
      if (moment.ms === this.end) continue;
      point.member ??= this.members.openFor(name);
      point.member.add(point.bytes, moment, text);
    }
    for (const { at } of times.values()) this.#latest = Math.max(this.#latest, at);
    if (rows.length > 0) this.#refuseRepeated(`${rows.length} ${hash} ${other}`);
    return all;
  }

  /**
   * @param {string} time
   * @param {Cursor|undefined} sent
   * @param {Map<string, Time>} times receives the time
   */
  #readTime(time, sent, times) {
    const at = parseTime(time);
    if (Number.isNaN(at)) refuseRow();
    const ms = Math.floor(at / 1000);
    if (ms < this.start || ms > this.end) throw new Failure("upstream_contract", "a row is outside the window");
    if (sent?.at !== undefined && at < this.#latest) {
      throw new Failure("upstream_contract", "a row is earlier than the last row of the previous page");
    }
    const moment = { at, ms, bytes: utf8.encode(formatTime(ms)) };
    times.set(time, moment);
    return moment;
  }

  /**
   * Returns the point with this name. It mostly follows the point that it followed before, which takes no search.
   * @param {string} name
   * @param {Point} [before]
   */
  #findPoint(name, before) {
    if (before?.next?.name === name) return before.next;
    const point = this.#points.get(name) ?? this.#addPoint(name);
    if (before !== undefined) before.next = point;
    return point;
  }

  /** @param {string} name */
  #addPoint(name) {
    /** @type {Point} */
    const point = {
      name,
      number: this.#points.size,
      member: undefined,
      bytes: utf8.encode(formatName(name)),
      next: undefined,
    };
    this.#points.set(name, point);
    return point;
  }

  /**
   * Refuses a page whose rows are those of an earlier page, because ACE then repeats itself and leaves out other rows.
   * @param {string} page its number of rows and 64 bits of hashes
   */
  #refuseRepeated(page) {
    if (this.#seen.has(page)) throw new Failure("upstream_contract", "ACE sent the same page twice");
    this.#seen.add(page);
  }
}

/** @returns {never} */
function refuseRow() {
  throw new Failure("upstream_contract", "a row is not a name, a value and a time");
}
