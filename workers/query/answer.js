import { Failure } from "../shared/failure.js";
import { parseSample } from "../shared/samples.js";
import { chooseBuffer, readText, walkLines } from "./days/lines.js";
import { mergeByTime } from "./days/merge.js";
import { readDays } from "./days/reading.js";
import { countByName, openNames } from "./names.js";

/**
 * @typedef {import("./days/merge.js").Row} Row
 * @typedef {import("./days/reading.js").Day} Day
 * @typedef {import("./limits.js").Limits} Limits
 * @typedef {import("./parameters.js").Query} Query
 * @typedef {import("./worker.js").Access} Access
 */

/**
 * Writes the text of an answer piece by piece. The first piece comes when the first day was read and decoded.
 * @param {Access} access
 * @param {Query} query
 * @param {Limits} limits
 * @returns {AsyncGenerator<string>}
 */
export async function* writeAnswer(access, query, limits) {
  /** @type {string[]} */
  const absent = [];
  const { site, start, end, names } = query;
  const isAsked = (/** @type {string} */ name) => names.has(name) || names.has(name.slice(name.lastIndexOf("/") + 1));
  const table = openNames(isAsked); // a request has the whole name, or the last segment of its path
  let text = `{"site_name":${JSON.stringify(site)},"start_time":${start},"end_time":${end},"samples":[`;
  let count = 0;
  let isFirst = true;
  for await (const day of readDays(access, query, limits, absent)) {
    for await (const rows of selectRows(access, day, query, table, limits)) {
      for (const { line } of rows) {
        text += count > 0 ? `,\n${line}` : `\n${line}`;
        count += 1;
      }
      if (isFirst || text.length >= limits.chunkLength) {
        yield text; // the first piece sets the status to 200
        text = "";
        isFirst = false;
      }
    }
  }
  const points = countByName(table.points.values());
  const matched = new Set(Object.keys(points).flatMap((name) => [name, name.slice(name.lastIndexOf("/") + 1)]));
  const unmatched = Array.from(names).filter((name) => !matched.has(name));
  const rest = JSON.stringify({ count, points, unmatched, absent_days: absent }).slice(1);
  yield `${text}\n],${rest}\n`;
}

/**
 * Returns the rows of a day that a query asks for, oldest first. Throws a Failure at the end of a day that was read
 * completely when its number of samples is not the metadata's.
 * @param {Access} access
 * @param {Day} day
 * @param {Query} query
 * @param {ReturnType<typeof openNames>} table
 * @param {Limits} limits
 * @returns {AsyncGenerator<Row[]>}
 */
async function* selectRows({ budget }, { date, members, isWhole, metadata }, { start, end }, table, { lineLength }) {
  let count = 0;
  /** @param {import("./days/reading.js").Compressed} member */
  async function* select({ number, bytes }) {
    for await (const text of readText(bytes, date, budget, { lineLength, bufferBytes: chooseBuffer(members.length) })) {
      /** @type {Row[]} */
      const rows = [];
      count += walkLines(text, (stored, from, to) => {
        const point = table.find(text, stored, from, to, { date, number });
        if (!point.isAsked) return;
        const line = text.slice(from, to);
        const { timestamp } = parseSample(line, date);
        if (timestamp < start || timestamp >= end) return;
        point.count += 1;
        rows.push({ timestamp, line });
      });
      yield rows;
    }
  }
  yield* mergeByTime(members.map(select));
  if (isWhole) checkCount(date, metadata, count);
}

/**
 * @param {string} date
 * @param {Record<string, string>} metadata
 * @param {number} count
 */
export function checkCount(date, { samples }, count) {
  if (samples !== undefined && samples !== String(count))
    throw new Failure("storage", `the object of ${date} holds ${count} samples, not ${samples}`);
}
