import { DAY_MS } from "../shared/days.js";
import { Failure } from "../shared/failure.js";
import { checkCount } from "./answer.js";
import { chooseBuffer, readText, walkLines } from "./days/lines.js";
import { readDays } from "./days/reading.js";
import { countByName, openNames } from "./names.js";

/**
 * Returns the names of a day's points with their numbers of samples.
 * @param {import("./worker.js").Access} access
 * @param {import("./parameters.js").DayQuery} query
 * @param {import("./limits.js").Limits} limits
 */
export async function listPoints(access, { site, day }, limits) {
  /** @type {string[]} */
  const absent = [];
  const start = Date.parse(day);
  const table = openNames(() => true);
  const range = { site, start, end: start + DAY_MS, names: undefined };
  let count = 0;
  for await (const { date, members, metadata } of readDays(access, range, limits, absent)) {
    const options = { lineLength: limits.lineLength, bufferBytes: chooseBuffer(1) };
    for (const { number, bytes } of members) {
      for await (const text of readText(bytes, date, access.budget, options)) {
        count += walkLines(text, (stored, from, to) => {
          table.find(text, stored, from, to, { date, number }).count += 1;
        });
      }
    }
    checkCount(date, metadata, count);
    if (metadata.points !== undefined && metadata.points !== String(table.points.size))
      throw new Failure("storage", `the object of ${date} holds ${table.points.size} points, not ${metadata.points}`);
  }
  const points = countByName(table.points.values());
  return { site_name: site, day, count, points, absent_days: absent };
}
