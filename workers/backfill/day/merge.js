/** Merges a stored day with the rows that ACE has now. A row that only the stored day has is never lost. */
import { DAY_MS } from "../../shared/days.js";
import { readBytes, readLines } from "./lines.js";
import { Member } from "./member.js";

/**
 * @typedef {import("./member.js").Closed} Closed
 * @typedef {import("./stored_day.js").StoredMember} StoredMember
 * @typedef {{before: number, after: number, added: number, changed: number, kept: number}} RowCounts
 * @typedef {Map<string, {ms: number, name: string, values: string[]}>} Rows the values by the line up to the value
 */

const SLICE_BYTES = 4 * 1024 * 1024; // of text. A larger member is merged in slices of time, so that memory is bounded

/**
 * Returns the merged member, and counts its rows. The result has the stored bytes if it has the stored rows.
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
  const own = countRows(0);
  const number = Math.ceil(
    Math.max(bytes, fresh === undefined ? 0 : (await scan(fresh.body, date)).bytes) / SLICE_BYTES,
  );
  const member = await mergeSlices(stored.body, fresh?.body, date, Math.max(number, 1), own);
  addCounts(counts, own);
  if (own.after === 0) return undefined; // the empty member of a day without rows
  return own.added + own.changed > 0 ? member : { ...member, body: stored.body, digest };
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

/**
 * Merges slice by slice. The rows of the result are ordered by time.
 * @param {Blob} stored
 * @param {Blob|undefined} fresh
 * @param {string} date
 * @param {number} slices
 * @param {RowCounts} counts
 */
async function mergeSlices(stored, fresh, date, slices, counts) {
  const start = Date.parse(date);
  const member = new Member(() => true);
  const names = new Set();
  for (let slice = 0; slice < slices; slice += 1) {
    const isInSlice = (/** @type {number} */ ms) =>
      Math.min(Math.max(Math.floor(((ms - start) / DAY_MS) * slices), 0), slices - 1) === slice;
    const old = await readRows(stored, date, isInSlice);
    const rows = fresh === undefined ? new Map() : await readRows(fresh, date, isInSlice);
    mergeRows(old, rows, counts);
    for (const [head, { ms, name, values }] of [...rows].sort(([, one], [, other]) => one.ms - other.ms)) {
      names.add(name);
      for (const value of values) member.addLine(`${head}${value}}`, ms);
    }
    await member.flush();
  }
  member.points = names.size;
  return member.close();
}

/**
 * @param {Blob} body
 * @param {string} date
 * @param {(ms: number) => boolean} isWanted
 */
async function readRows(body, date, isWanted) {
  /** @type {Rows} */
  const rows = new Map();
  for await (const lines of readLines(body.stream(), date)) {
    for (const { head, ms, name, value } of lines) {
      if (!isWanted(ms)) continue;
      const known = rows.get(head);
      if (known) known.values.push(value);
      else rows.set(head, { ms, name, values: [value] });
    }
  }
  return rows;
}

/**
 * Merges stored rows into those of ACE, for each point and time. Where ACE has fewer rows than the stored day, both are kept.
 * Elsewhere ACE's rows replace the stored ones.
 * @param {Rows} stored
 * @param {Rows} rows of ACE, changed to the result
 * @param {RowCounts} counts
 */
function mergeRows(stored, rows, counts) {
  for (const [head, old] of stored) {
    const entry = rows.get(head) ?? { ...old, values: [] };
    const fresh = entry.values.length;
    const surplus = subtract(old.values, entry.values);
    counts.before += old.values.length;
    if (fresh >= old.values.length) {
      counts.changed += surplus.length;
      counts.added += fresh - old.values.length;
    } else {
      entry.values.push(...surplus);
      counts.kept += surplus.length;
      counts.added += entry.values.length - old.values.length;
      rows.set(head, entry);
    }
  }
  for (const [head, { values }] of rows) {
    counts.after += values.length;
    if (!stored.has(head)) counts.added += values.length;
  }
}

/**
 * Returns the values without those of another list. A value that is there twice is taken away twice.
 * @param {string[]} values
 * @param {string[]} others
 */
function subtract(values, others) {
  if (values.length === 1) return others.includes(values[0]) ? [] : values;
  /** @type {Map<string, number>} */
  const left = new Map();
  for (const other of others) left.set(other, (left.get(other) ?? 0) + 1);
  return values.filter((value) => {
    const count = left.get(value) ?? 0;
    left.set(value, count - 1);
    return count <= 0;
  });
}
