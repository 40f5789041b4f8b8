/** Merges the rows of a member whose stored rows and ACE's differ on both sides. */
import { DAY_MS } from "../../shared/days.js";
import { readLines, split } from "./lines.js";
import { Member } from "./member.js";

/**
 * @typedef {import("./merge.js").RowCounts} RowCounts
 * @typedef {Map<string, {ms: number, name: string, values: string[]}>} Rows the values by the line up to the value
 */

/**
 * Merges slice by slice. The rows of the result are ordered by time.
 * @param {Blob} stored
 * @param {Blob} fresh
 * @param {string} date
 * @param {number} slices
 * @param {RowCounts} counts
 */
export async function mergeSlices(stored, fresh, date, slices, counts) {
  const start = Date.parse(date);
  const member = new Member(() => true);
  const names = new Set();
  for (let slice = 0; slice < slices; slice += 1) {
    const isInSlice = (/** @type {number} */ ms) =>
      Math.min(Math.max(Math.floor(((ms - start) / DAY_MS) * slices), 0), slices - 1) === slice;
    const old = await readRows(stored, date, isInSlice);
    const rows = await readRows(fresh, date, isInSlice);
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
    for (const line of lines) {
      const { head, ms, name, value } = split(line, date);
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
