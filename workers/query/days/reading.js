import { DAY_MS } from "../../shared/days.js";
import { Failure } from "../../shared/failure.js";
import { callR2, formatKey } from "../../shared/storage.js";
import { listRange } from "./listing.js";
import { planReads } from "./plan.js";

/**
 * @typedef {import("../limits.js").Limits} Limits
 * @typedef {import("../parameters.js").Range} Range
 * @typedef {import("./plan.js").Plan} Plan
 * @typedef {{number: number|undefined, bytes: Uint8Array}} Compressed one gzip member
 * @typedef {{date: string, isWhole: boolean, members: Compressed[], metadata: Record<string, string>}} Day `isWhole`:
 *   it has all rows of the day
 */

const MAX_ATTEMPTS = 3; // for one day, while revisions are stored

/**
 * Reads the days that may hold samples of the range, oldest first. The next days are requested while a day is in use:
 * at most `requests` days, and no more than `aheadBytes` hold.
 * @param {import("../worker.js").Access} access
 * @param {Range} range
 * @param {Limits} limits
 * @param {string[]} absent receives the dates without an object
 * @returns {AsyncGenerator<Day>}
 */
export async function* readDays(access, range, { requests, rangeBytes, aheadBytes }, absent) {
  /** @type {{date: string, bytes: number, work: Promise<Day|null|undefined>}[]} */
  const ahead = [];
  let pending = 0;
  const listed = listRange(access, range);
  let next = await listed.next();
  for (;;) {
    while (!next.done && ahead.length < requests) {
      const { date, object } = next.value;
      const plan = object && planDay(date, object, range, rangeBytes);
      const bytes = plan?.bytes ?? 0;
      if (ahead.length > 0 && pending + bytes > aheadBytes) break;
      const work = object ? readDay(access, { date, object, plan }, range, rangeBytes) : Promise.resolve(null);
      work.catch(() => {}); // it is awaited at the day's turn
      ahead.push({ date, bytes, work });
      pending += bytes;
      next = await listed.next();
    }
    const first = ahead.shift();
    if (first === undefined) return;
    const day = await first.work;
    if (day === null) absent.push(first.date);
    else if (day !== undefined) yield day;
    pending -= first.bytes;
  }
}

/**
 * Decides which bytes of a day are read, undefined when its metadata leave no sample in the range.
 * @param {string} date
 * @param {R2Object} object
 * @param {Range} range
 * @param {number} rangeBytes
 */
function planDay(date, object, { start, end, names }, rangeBytes) {
  const { samples, first, last } = object.customMetadata ?? {};
  if (samples === "0") return undefined;
  const isKnown = [first, last].every((text) => text !== undefined && /^\d+$/.test(text));
  const midnight = Date.parse(date);
  if (isKnown && (Number(first) < midnight || Number(last) >= midnight + DAY_MS))
    throw new Failure("storage", `the object of ${date} has samples of another day`);
  if (isKnown && (Number(first) >= end || Number(last) < start)) return undefined;
  const plan = planReads(date, object, names);
  if (plan.bytes > rangeBytes) throw new Failure("storage", `the object of ${date} has more than ${rangeBytes} bytes`);
  return plan;
}

/**
 * Reads one day, null when its object was removed after the list. A revision that was stored after the list has another
 * ETag, so its metadata are read and the day is read again.
 * @param {import("../worker.js").Access} access
 * @param {{date: string, object: R2Object, plan: Plan|undefined}} listed
 * @param {Range} range
 * @param {number} rangeBytes
 * @returns {Promise<Day|null|undefined>}
 */
async function readDay({ bucket, keyTemplate }, { date, object, plan }, range, rangeBytes) {
  const key = formatKey({ keyTemplate }, range.site, date);
  for (let attempt = 1; plan !== undefined; attempt += 1) {
    const { etag } = object;
    const read = (/** @type {import("./plan.js").Span} */ span) => bucket.readRange(key, etag, span);
    const parts = await callR2(`R2 get of ${date} failed`, () => Promise.all((plan?.spans ?? []).map(read)));
    if (parts.includes(null)) return null;
    if (!parts.includes(undefined)) return cutDay(date, object, plan, /** @type {Uint8Array[]} */ (parts));
    if (attempt === MAX_ATTEMPTS) throw new Failure("storage", `the object of ${date} changed during ${attempt} reads`);
    const current = await callR2(`R2 head of ${date} failed`, () => bucket.head(key));
    if (current === null) return null;
    object = current;
    plan = planDay(date, object, range, rangeBytes);
  }
  return undefined;
}

/**
 * Cuts the bytes that were read into members.
 * @param {string} date
 * @param {R2Object} object
 * @param {Plan} plan
 * @param {Uint8Array[]} parts one for each span
 * @returns {Day}
 */
function cutDay(date, { customMetadata: metadata = {} }, { spans, isWhole }, parts) {
  const members = spans.flatMap((span, index) => {
    const part = parts[index];
    if (part.byteLength !== span.length)
      throw new Failure("storage", `R2 returned ${part.byteLength} of ${span.length} bytes of ${date}`);
    return span.members.map(({ number, offset, length }) => {
      const at = offset - span.offset;
      return { number, bytes: part.subarray(at, at + length) };
    });
  });
  return { date, isWhole, members, metadata };
}
