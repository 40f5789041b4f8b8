import { DAY_MS, formatDate } from "../../shared/days.js";
import { callR2, formatKey } from "../../shared/storage.js";

/** @typedef {{date: string, object: R2Object|undefined}} Listed `object` is undefined for a day without an object */

const MAX_PAGE = 1_000; // R2's limit. A page with metadata may have fewer objects

/**
 * Lists all days of a range with their metadata, oldest first. One call of R2 lists up to 1,000 days.
 * @param {import("../worker.js").Access} access
 * @param {import("../parameters.js").Range} range
 * @returns {AsyncGenerator<Listed>}
 */
export async function* listRange({ bucket, keyTemplate }, { site, start, end }) {
  let next = start - (start % DAY_MS);
  const [prefix, suffix] = formatKey({ keyTemplate }, site, "{date}").split("{date}");
  const startAfter = `${prefix}${formatDate(next - DAY_MS)}${suffix}`; // keys of earlier days need no page
  const limit = Math.min(MAX_PAGE, Math.ceil((end - next) / DAY_MS));
  /** @type {string|undefined} */
  let cursor;
  do {
    const options = { prefix, startAfter, limit, cursor, include: [/** @type {const} */ ("customMetadata")] };
    const page = await callR2("R2 list failed", () => bucket.list(options));
    for (const object of page.objects) {
      const ms = readDay(object.key, prefix, suffix);
      if (ms === undefined || ms < next) continue; // another object between the days
      for (; next < Math.min(ms, end); next += DAY_MS) yield { date: formatDate(next), object: undefined };
      if (next >= end) return;
      yield { date: formatDate(next), object };
      next += DAY_MS;
    }
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor !== undefined && next < end);
  for (; next < end; next += DAY_MS) yield { date: formatDate(next), object: undefined };
}

/**
 * Returns the start of the day that a key belongs to, undefined for the key of another object.
 * @param {string} key
 * @param {string} prefix
 * @param {string} suffix
 */
function readDay(key, prefix, suffix) {
  const date = key.slice(prefix.length, prefix.length + 10);
  const ms = key === prefix + date + suffix ? Date.parse(date) : NaN;
  return !Number.isNaN(ms) && formatDate(ms) === date ? ms : undefined;
}
