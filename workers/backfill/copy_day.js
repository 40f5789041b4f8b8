import { buildUrl, fetchPage } from "../shared/ace/client.js";
import { nextCursor } from "../shared/ace/cursors.js";
import { DAY_MS, formatDate } from "../shared/days.js";
import { Failure } from "../shared/failure.js";
import { store } from "./bucket.js";
import { formatHex, openObject } from "./gzip_object.js";
import { Tally } from "./tally.js";

/**
 * @typedef {{samples_fetched: number, samples_written: number}} Counters of one batch
 * @typedef {{site: {name: string}, date: string}} Day
 */

/**
 * Copies one day from ACE to the bucket, complete or not at all.
 * @param {import("./settings.js").Config} config
 * @param {Day} day
 * @param {import("../shared/ace/client.js").Client} client
 * @param {{objectBytes: number}} limits
 * @param {Counters} counters updated with each page
 * @returns {Promise<"stored"|"present"|"unfinished">} "present" when another run wrote the day first, "unfinished" when
 *   the deadline came before the last page
 */
export async function copyDay(config, { site, date }, client, { objectBytes }, counters) {
  const start = Date.parse(date);
  const tally = new Tally(start, start + DAY_MS);
  const [from, to] = [`${date}T00:00:00Z`, `${formatDate(start + DAY_MS)}T00:00:00Z`];
  const object = openObject(objectBytes);
  const seen = new Set();
  try {
    /** @type {import("../shared/ace/cursors.js").Cursor|undefined} */
    let cursor;
    for (let number = 1; ; number += 1) {
      if (Date.now() >= client.deadline) return "unfinished";
      const url = buildUrl(config, site.name, { from, to }, cursor?.text);
      const page = await fetchPage(client, url, { site: site.name, date, page: number });
      if (cursor && page.point_samples.length === 0) {
        throw new Failure("upstream_contract", "ACE said that more rows follow, then sent none");
      }
      counters.samples_fetched += page.point_samples.length;
      const { text, times } = tally.take(page.point_samples, cursor);
      await append(object, text, seen);
      if (!page.has_more) break;
      cursor = nextCursor(cursor, page.next_cursor, times);
    }
    const { body, sha256 } = await object.close();
    const written = await store(config, { site, date }, body, tally, { sha256, source: `${from}/${to}` });
    counters.samples_written += written ?? 0;
    return written === null ? "present" : "stored";
  } finally {
    await object.abandon(); // has no effect after `close`
  }
}

/**
 * Appends a page. A page that was seen before is refused.
 * @param {ReturnType<typeof openObject>} object
 * @param {string} text
 * @param {Set<string>} seen digests of the pages so far
 */
async function append(object, text, seen) {
  const bytes = new TextEncoder().encode(text);
  const digest = formatHex(await crypto.subtle.digest("SHA-256", bytes));
  if (text && seen.has(digest)) throw new Failure("upstream_contract", "ACE sent the same page twice");
  seen.add(digest);
  await object.append(bytes);
}
