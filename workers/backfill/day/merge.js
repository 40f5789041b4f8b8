/** Merges a stored day with the rows that ACE has now. A row that only the stored day has is never lost. */
import { isWithin, readBytes, readLines, split } from "./lines.js";
import { mergeSlices } from "./slices.js";

/**
 * @typedef {import("./member.js").Closed} Closed
 * @typedef {import("./stored_day.js").StoredMember} StoredMember
 * @typedef {{before: number, after: number, added: number, changed: number, kept: number}} RowCounts
 */

const SLICE_BYTES = 4 * 1024 * 1024; // of text. A larger member is merged in slices of time, so that memory is bounded

/**
 * Returns the merged member, and counts its rows. The result has the stored bytes if it has the stored rows. Mostly all rows
 * of one side are rows of the other side, in the same order, and then no merge is needed.
 * @param {StoredMember} stored
 * @param {Closed|undefined} fresh the rows of ACE
 * @param {string} date
 * @param {RowCounts} counts
 * @returns {Promise<Closed|undefined>}
 */
export async function mergeMember(stored, fresh, date, counts) {
  if (stored === undefined) {
    const added = fresh?.samples ?? 0;
    addCounts(counts, { ...countRows(added), before: 0, added });
    return fresh;
  }
  const { digest, bytes } = await scan(stored.body, date);
  if (fresh !== undefined && isEqual(digest, fresh.digest)) {
    addCounts(counts, countRows(fresh.samples));
    return { ...fresh, body: stored.body };
  }
  if (fresh === undefined || (await isWithin(fresh.body, stored.body, date))) {
    const kept = await describe(stored.body, digest, date);
    addCounts(counts, { ...countRows(kept.samples), kept: kept.samples - (fresh?.samples ?? 0) });
    return kept.samples > 0 ? kept : undefined; // a day without rows has an empty member
  }
  if (await isWithin(stored.body, fresh.body, date)) {
    const before = await countLines(stored.body, date);
    addCounts(counts, { ...countRows(fresh.samples), before, added: fresh.samples - before });
    return fresh;
  }
  const own = countRows(0);
  const largest = Math.max(bytes, (await scan(fresh.body, date)).bytes);
  const member = await mergeSlices(stored.body, fresh.body, date, Math.ceil(largest / SLICE_BYTES), own);
  addCounts(counts, own);
  return own.added + own.changed > 0 ? member : { ...member, body: stored.body, digest };
}

/**
 * @param {Blob} body
 * @param {string} date
 */
async function countLines(body, date) {
  let count = 0;
  for await (const lines of readLines(body.stream(), date)) count += lines.length;
  return count;
}

/**
 * Returns a stored member with the numbers of its rows.
 * @param {Blob} body
 * @param {ArrayBuffer} digest
 * @param {string} date
 * @returns {Promise<Closed>}
 */
async function describe(body, digest, date) {
  const names = new Set();
  let [samples, first, last] = [0, Infinity, -Infinity];
  for await (const lines of readLines(body.stream(), date)) {
    samples += lines.length;
    for (const line of lines) {
      const { name, ms } = split(line, date);
      names.add(name);
      [first, last] = [Math.min(first, ms), Math.max(last, ms)];
    }
  }
  return { body, digest, samples, points: names.size, first, last };
}

/**
 * Returns the counts of a day that stays as it is.
 * @param {number} samples
 * @returns {RowCounts}
 */
export const countRows = (samples) => ({ before: samples, after: samples, added: 0, changed: 0, kept: 0 });

/**
 * Computes the SHA-256 and the size of a member's text.
 * @param {Blob} body
 * @param {string} date
 */
async function scan(body, date) {
  const stream = new crypto.DigestStream("SHA-256");
  const writer = stream.getWriter();
  let bytes = 0;
  for await (const chunk of readBytes(body.stream(), date)) {
    bytes += chunk.byteLength;
    await writer.write(chunk);
  }
  await writer.close();
  return { digest: await stream.digest, bytes };
}

/**
 * @param {ArrayBuffer} one
 * @param {ArrayBuffer} other
 */
const isEqual = (one, other) => crypto.subtle.timingSafeEqual(one, other);

/**
 * @param {RowCounts} counts
 * @param {RowCounts} more
 */
function addCounts(counts, more) {
  for (const name of /** @type {(keyof RowCounts)[]} */ (Object.keys(more))) counts[name] += more[name];
}
