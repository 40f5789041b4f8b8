import { buildObject, Members } from "./day/members.js";
import { readAce } from "./day/source.js";
import { createObject } from "./day/store.js";

/**
 * @typedef {{samples_fetched: number, samples_written: number}} Counters of one batch
 * @typedef {{site: {name: string}, date: string}} Day
 */

/**
 * Copies one day of a site from ACE to the bucket, complete or not at all.
 * @param {import("./settings.js").Config} config
 * @param {Day} day
 * @param {import("../shared/ace/client.js").Client} client
 * @param {{objectBytes: number}} limits
 * @param {Counters} counters updated with each page
 * @returns {Promise<"stored"|"present"|"unfinished">} "present" when another run wrote the day first, "unfinished" when
 *   the deadline came before the last page
 */
export async function copyDay(config, day, client, { objectBytes }, counters) {
  const members = new Members(objectBytes);
  try {
    if (!(await readAce(config, day, client, counters, members))) return "unfinished";
    const object = await buildObject(await members.close());
    const isStored = await createObject(config, day, object);
    counters.samples_written += isStored ? object.samples : 0;
    return isStored ? "stored" : "present";
  } finally {
    await members.abandon();
  }
}
