import { listDays } from "../shared/days.js";
import { Failure } from "../shared/failure.js";
import { hasDay, storedDates } from "./bucket.js";
import { copyDay } from "./copy_day.js";

/**
 * @typedef {import("./copy_day.js").Counters} Counters
 * @typedef {Counters & {current_date: string, days_complete: number, days_total: number}} Progress
 * @typedef {{progress?: Progress, continuation: boolean, planned?: number, stored: number, unfinished?: string,
 *   error?: Failure}} Batch `planned` days were missing at the start, `stored` are those that this batch wrote
 */

/**
 * Lists the stored days and copies the missing ones, oldest first, until none is left, the time is over or a Failure
 * ends it.
 * @param {import("./settings.js").Config} config
 * @param {Readonly<import("./limits.js").Limits> & {agent: string}} limits
 * @param {number} budgetMs 0 lists only
 * @param {Counters} counters updated with each page
 * @returns {Promise<Batch>}
 */
export async function runBatch(config, limits, budgetMs, counters) {
  const deadline = Date.now() + budgetMs;
  const client = { key: config.key, agent: limits.agent, limits, deadline };
  /** @type {Batch} */
  const batch = { continuation: true, stored: 0 };
  const days = listDays(config);
  /** @type {string[]|undefined} */
  let missing;
  try {
    const stored = await storedDates(config);
    missing = days.filter((date) => !stored.has(date));
    batch.planned = missing.length;
    for (let count = 0; missing.length > 0 && Date.now() < deadline; count += 1) {
      const [date] = missing;
      // Another run may have stored the day since the list. For the first day the list is recent enough.
      const isStored = count > 0 && (await hasDay(config, date));
      const result = isStored
        ? "present"
        : await copyDay(config, { site: { name: config.site }, date }, client, limits, counters);
      if (result === "unfinished") {
        batch.unfinished = date;
        break;
      }
      if (result === "stored") batch.stored += 1;
      missing.shift();
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    batch.error = error;
  }
  if (missing) {
    const complete = { days_complete: days.length - missing.length, days_total: days.length };
    batch.progress = { current_date: missing[0] ?? days.at(-1) ?? config.start, ...complete, ...counters };
    batch.continuation = missing.length > 0;
  }
  return batch;
}
