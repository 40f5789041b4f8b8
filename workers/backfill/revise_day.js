import { Failure } from "../shared/failure.js";

/**
 * @typedef {{source: "ace"|"stored", dryRun: boolean}} Mode
 * @typedef {{before: number, after: number, added: number, changed: number, kept: number}} RowCounts
 * @typedef {{result: "revised"|"unchanged"|"absent"|"unfinished"|"conflict", revision: number, rows: RowCounts}} Revision
 */

/**
 * Reads a stored day again and stores the merged rows as a new revision, over the object that was read and no other.
 * @param {import("./settings.js").Config} _config
 * @param {import("./copy_day.js").Day} _day
 * @param {import("../shared/ace/client.js").Client} _client
 * @param {{objectBytes: number}} _limits
 * @param {import("./copy_day.js").Counters} _counters updated with each page
 * @param {Mode} _mode
 * @returns {Promise<Revision>}
 */
export async function reviseDay(_config, _day, _client, _limits, _counters, _mode) {
  throw new Failure("storage", "a stored day cannot be revised yet");
}
