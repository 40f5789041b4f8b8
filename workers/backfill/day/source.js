import { buildUrl, fetchPage } from "../../shared/ace/client.js";
import { nextCursor } from "../../shared/ace/cursors.js";
import { TextReader } from "../../shared/chunks.js";
import { DAY_MS, formatDate } from "../../shared/days.js";
import { Tally } from "./tally.js";

/**
 * Returns the window of a day as ISO times, the second one excluded.
 * @param {string} date
 */
export const findWindow = (date) => ({
  from: `${date}T00:00:00Z`,
  to: `${formatDate(Date.parse(date) + DAY_MS)}T00:00:00Z`,
});

/**
 * Reads all pages of a day from ACE and adds their rows to the members.
 * @param {import("../settings.js").Config} config
 * @param {import("../copy_day.js").Day} day
 * @param {import("../../shared/ace/client.js").Client} client
 * @param {import("../copy_day.js").Counters} counters updated with each page
 * @param {import("./members.js").Members} members
 * @returns {Promise<boolean>} false when the deadline came before the last page
 */
export async function readAce(config, { site, date }, client, counters, members) {
  const start = Date.parse(date);
  const tally = new Tally(members, start, start + DAY_MS);
  const reader = new TextReader();
  /** @type {import("../../shared/ace/cursors.js").Cursor|undefined} */
  let cursor;
  for (let number = 1; ; number += 1) {
    if (Date.now() >= client.deadline) return false;
    const url = buildUrl(config, site.name, findWindow(date), cursor?.text);
    const page = await fetchPage(client, url, reader, { site: site.name, date, page: number });
    const rows = page.point_samples;
    counters.samples_fetched += rows.length;
    const times = tally.take(rows, cursor);
    cursor = page.has_more ? nextCursor(cursor, page.next_cursor, times) : undefined;
    rows.length = 0; // frees the rows before they are compressed
    await members.flush();
    if (cursor === undefined) return true;
  }
}
