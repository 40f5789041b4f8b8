import { DAY_MS, formatDate } from "../shared/days.js";
import { Failure } from "../shared/failure.js";
import { callR2, formatKey } from "../shared/storage.js";

/**
 * @typedef {import("./budget.js").Budget} Budget
 * @typedef {import("./parameters.js").Query} Query
 * @typedef {{date: string, object: R2ObjectBody}} Day a day that may hold samples of the range, its body unread
 */

/**
 * Returns whether a day may hold samples of the range, by its metadata.
 * @param {R2Object} object
 * @param {Query} query
 */
function mayMatch({ customMetadata: { samples, first, last } = {} }, { start, end }) {
  if (samples === "0") return false;
  const isRange = [first, last].every((text) => text !== undefined && /^\d+$/.test(text));
  return !isRange || (Number(first) < end && Number(last) >= start);
}

/**
 * Reads the days that may hold samples of the range, oldest first.
 * @param {import("./settings.js").Config} config
 * @param {Query} query
 * @param {Budget} budget
 * @param {string[]} absent receives the dates without an object
 * @returns {AsyncGenerator<Day>}
 */
export async function* readDays(config, query, budget, absent) {
  for (let ms = query.start - (query.start % DAY_MS); ms < query.end; ms += DAY_MS) {
    const date = formatDate(ms);
    const get = () => budget.within(config.bucket.get(formatKey(config, date)));
    const object = await callR2(`R2 get of ${date} failed`, get);
    if (object === null) absent.push(date);
    else if (mayMatch(object, query)) yield { date, object };
    else await object.body.cancel();
  }
}

/**
 * Reads the lines of one day, decompressed chunk by chunk.
 * @param {Day} day
 * @param {Budget} budget
 * @param {number} lineLength
 */
export async function* readLines({ date, object }, budget, lineLength) {
  const reader = object.body.pipeThrough(new DecompressionStream("gzip")).getReader();
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  let rest = "";
  try {
    for (;;) {
      const read = () => budget.within(reader.read());
      const { done, value } = await callR2(`the object of ${date} cannot be read`, read);
      const lines = (rest + decode(decoder, date, value)).split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > lineLength)
        throw new Failure("storage", `the object of ${date} holds a line that is not a sample`);
      yield lines;
      if (done) break;
    }
    if (rest !== "") yield [rest];
  } finally {
    reader.cancel().catch(() => {}); // has no effect at the end. It is not awaited, because it could hang too
  }
}

/**
 * @param {TextDecoder} decoder
 * @param {string} date
 * @param {Uint8Array} [bytes] absent at the end
 */
function decode(decoder, date, bytes) {
  try {
    return decoder.decode(bytes, { stream: bytes !== undefined });
  } catch {
    throw new Failure("storage", `the object of ${date} is not UTF-8`);
  }
}
