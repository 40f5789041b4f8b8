import { describe, Failure } from "../shared/failure.js";
import { writeLog } from "../shared/log.js";
import { findName, parseSample } from "../shared/samples.js";
import { readDays, readLines } from "./stored_days.js";

/**
 * @typedef {import("./budget.js").Budget} Budget
 * @typedef {import("./parameters.js").Query} Query
 * @typedef {{count: number, points: Map<string, number>}} Found
 */

/**
 * Returns a function that selects the lines of a query and counts them. It judges each name once, in its stored form,
 * and does not parse the lines of other names, because a day can hold half a million lines.
 * @param {Query} query
 * @param {Found} found
 */
function openFilter({ start, end, names }, found) {
  /** @type {Map<string, boolean>} whether a name is requested, by its stored form */
  const known = new Map();
  // A request has the whole name, or the last segment of its path.
  const isAsked = (/** @type {string} */ name) => names.has(name) || names.has(name.slice(name.lastIndexOf("/") + 1));
  return (/** @type {string} */ line, /** @type {string} */ date) => {
    const stored = findName(line);
    if (stored !== undefined && known.get(stored) === false) return false;
    const { name, timestamp } = parseSample(line, date);
    if (stored !== undefined && !known.has(stored)) known.set(stored, isAsked(name));
    if (!isAsked(name) || timestamp < start || timestamp >= end) return false;
    found.points.set(name, (found.points.get(name) ?? 0) + 1);
    found.count += 1;
    return true;
  };
}

/**
 * Writes the text of an answer piece by piece. The first piece comes when the first object was read and decoded.
 * @param {import("./settings.js").Config} config
 * @param {Query} query
 * @param {Budget} budget
 * @param {import("./limits.js").Limits} limits
 * @returns {AsyncGenerator<string>}
 */
export async function* writeAnswer(config, query, budget, { lineLength, chunkLength }) {
  /** @type {Found} */
  const found = { count: 0, points: new Map() };
  /** @type {string[]} */
  const absent = [];
  const isWanted = openFilter(query, found);
  const { start, end } = query;
  let text = `{"site_name":${JSON.stringify(config.site)},"start_time":${start},"end_time":${end},"samples":[`;
  let isFirst = true;
  for await (const day of readDays(config, query, budget, absent)) {
    let count = 0;
    for await (const lines of readLines(day, budget, lineLength)) {
      for (const line of lines) {
        count += 1;
        if (isWanted(line, day.date)) text += `${found.count > 1 ? "," : ""}\n${line}`;
      }
      if (isFirst || text.length >= chunkLength) {
        yield text; // the first piece sets the status to 200
        text = "";
        isFirst = false;
      }
    }
    const expected = day.object.customMetadata?.samples;
    if (expected !== undefined && expected !== String(count)) {
      throw new Failure("storage", `the object of ${day.date} holds ${count} samples, not ${expected}`);
    }
  }
  const points = JSON.stringify(Object.fromEntries(found.points));
  yield `${text}\n],"count":${found.count},"points":${points},"absent_days":${JSON.stringify(absent)}}\n`;
}

/**
 * Returns the answer as a stream that the reader pulls, so that a slow reader slows R2. A Failure adds its reason, leaves
 * out the closing brace and errors the stream. The brace matters, because workerd ends an errored body as if it were
 * complete.
 * @param {AsyncGenerator<string>} pieces
 * @param {string} first
 * @param {() => void} close
 */
export function streamAnswer(pieces, first, close) {
  const utf8 = new TextEncoder();
  let pending = first;
  /** @type {Failure|undefined} */
  let failure;
  /** @param {ReadableStreamDefaultController<Uint8Array>} controller */
  async function pull(controller) {
    if (failure) {
      controller.error(failure);
      return;
    }
    try {
      while (pending === "") {
        const { done, value } = await pieces.next();
        if (done) {
          close();
          controller.close();
          return;
        }
        pending = value;
      }
      controller.enqueue(utf8.encode(pending));
      pending = "";
    } catch (error) {
      failure = reportFailure(error);
      close();
      controller.enqueue(utf8.encode(`\n],"error":${JSON.stringify(describe(failure))}\n`));
    }
  }
  async function cancel() {
    close();
    await pieces.return(undefined);
  }
  return new ReadableStream({ pull, cancel }, { highWaterMark: 0 });
}

/**
 * Logs the cause of an incomplete answer and returns it as a Failure.
 * @param {unknown} error
 */
export function reportFailure(error) {
  const failure =
    error instanceof Failure ? error : new Failure("storage", "unexpected error. The worker's log has the reason");
  const reason = error instanceof Failure ? error.message : String(error);
  writeLog("error", "[Query] Failed", { code: failure.code, reason });
  return failure;
}
