import { parseTime } from "../shared/ace/cursors.js";
import { Failure } from "../shared/failure.js";
import { formatSample } from "../shared/samples.js";

/**
 * @typedef {import("../shared/ace/answers.js").Row} Row
 * @typedef {import("../shared/ace/cursors.js").Cursor} Cursor
 */

/** Counts the rows of a day's pages and converts them to NDJSON. */
export class Tally {
  samples = 0;
  first = Infinity;
  last = -Infinity;
  /** @type {Map<string, string>} each point's name, and the name as JSON */
  points = new Map();
  /** The latest time in microseconds and the points with a row at it. The next page must not repeat them. */
  edge = { at: -Infinity, names: new Set() };

  /**
   * @param {number} start in ms
   * @param {number} end in ms, excluded
   */
  constructor(start, end) {
    this.start = start;
    this.end = end;
  }

  /**
   * Returns a page as NDJSON in ACE's order, and its times in microseconds. A row at `end` belongs to the next day and
   * is left out. ACE does not document whether it includes `end_time`, and this is right in both cases.
   * @param {Row[]} rows
   * @param {Cursor} [sent]
   */
  take(rows, sent) {
    /** @type {string[]} */
    const lines = [];
    const times = rows.map((row) => {
      const { name, value, time } = row ?? {};
      const at = parseTime(time);
      if (typeof name !== "string" || name === "" || typeof value !== "string" || Number.isNaN(at)) {
        throw new Failure("upstream_contract", "a row is not a name, a value and a time");
      }
      const ms = Math.floor(at / 1000);
      this.#checkOrder(name, at, ms, sent);
      if (ms < this.end) lines.push(this.#addSample(name, ms, value));
      return at;
    });
    const latest = times.reduce((one, other) => Math.max(one, other), this.edge.at);
    if (latest > this.edge.at) this.edge = { at: latest, names: new Set() };
    times.forEach((at, index) => {
      if (at === latest) this.edge.names.add(rows[index].name);
    });
    return { text: lines.join(""), times };
  }

  /**
   * @param {string} name
   * @param {number} at
   * @param {number} ms
   * @param {Cursor} [sent]
   */
  #checkOrder(name, at, ms, sent) {
    if (ms < this.start || ms > this.end) throw new Failure("upstream_contract", "a row is outside the window");
    if (sent?.at !== undefined && at < this.edge.at) {
      throw new Failure("upstream_contract", "a row is earlier than the last row of the previous page");
    }
    if (at === this.edge.at && this.edge.names.has(name)) {
      throw new Failure("upstream_contract", "a row repeats a row of the previous page");
    }
  }

  /**
   * @param {string} name
   * @param {number} ms
   * @param {string} value
   */
  #addSample(name, ms, value) {
    let point = this.points.get(name);
    if (point === undefined) {
      point = JSON.stringify(name);
      this.points.set(name, point);
    }
    this.samples += 1;
    if (ms < this.first) this.first = ms;
    if (ms > this.last) this.last = ms;
    return formatSample(point, ms, value);
  }
}
