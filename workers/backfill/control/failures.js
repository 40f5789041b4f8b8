/** The records of days that could not be copied. A record delays the next attempt, and the next success deletes it. */
import { writeLog } from "../../shared/log.js";
import { deleteObjects, FOLDER, nameDay, readObject, writeObject } from "./objects.js";

/**
 * @typedef {import("./objects.js").Day} Day
 * @typedef {{bucket: R2Bucket|undefined, version: string}} Target
 * @typedef {Day & {code: string, attempts: number, lastAt: number, version: string}} Failed a record as the list of the
 *   bucket shows it. `lastAt` in ms
 * @typedef {import("../../shared/failure.js").Code} Code
 */

const HOUR_MS = 3_600_000;
const PAUSES = [1, 6, 24].map((hours) => hours * HOUR_MS); // before the next attempt. The last one repeats
const OUTAGE_PAUSES = [HOUR_MS]; // of a day for which ACE did not answer
const QUICK_ATTEMPTS = 3; // such a day does not wait while it has failed less often, and ACE answered for another one since
const WRITES = 3;
const MAX_MESSAGE = 300;

/**
 * Returns whether ACE did not answer for a day, which may be an outage and not the fault of the day.
 * @param {Pick<Failed, "code">} failed
 */
export const isUnavailable = ({ code }) => code === "upstream_unavailable";

/**
 * Returns whether a failed day must wait. A record of another version of the worker does not delay a day, because a new
 * key or new code may have cured the cause. An outage of ACE delays a day by an hour at most.
 * @param {Failed} failed
 * @param {number} at in ms
 * @param {string} version that runs now
 * @param {number} storedAt when ACE answered last: the newest day was stored, in ms
 */
export function mustWait(failed, at, version, storedAt) {
  const { attempts, lastAt } = failed;
  const pauses = isUnavailable(failed) ? OUTAGE_PAUSES : PAUSES;
  const isOver = isUnavailable(failed) && attempts < QUICK_ATTEMPTS && storedAt > lastAt;
  return failed.version === version && !isOver && at < lastAt + pauses[Math.min(attempts, pauses.length) - 1];
}

/**
 * Records one more failed attempt of a day.
 * @param {Target} target
 * @param {Day} day
 * @param {{code: Code, message: string}} failure
 * @param {number} at in ms
 */
export async function recordFailure(target, day, { code, message }, at) {
  const key = `${FOLDER}failures/${nameDay(day)}.json`;
  const last_at = new Date(at).toISOString();
  for (let write = 1; write <= WRITES; write += 1) {
    const found = await readObject(target, key);
    const { attempts: before, first_at: first } = found?.value ?? {};
    const attempts = Number.isSafeInteger(before) && before > 0 ? before + 1 : 1;
    const first_at = typeof first === "string" ? first : last_at;
    const about = { code, first_at, last_at, worker_version: `${target.version ?? ""}` };
    const record = { ...about, message: message.slice(0, MAX_MESSAGE), attempts };
    const metadata = { ...about, attempts: `${attempts}` };
    if ((await writeObject(target, key, record, found?.etag, metadata)) === null) continue;
    writeLog("error", "[Backfill] Day failed", { ...day, code, reason: record.message, attempts });
    return;
  }
}

/**
 * Deletes the records of days, which need not exist. At most 1,000.
 * @param {Target} target
 * @param {Day[]} days
 */
export const clearFailures = (target, ...days) =>
  deleteObjects(target, ...days.map((day) => `failures/${nameDay(day)}.json`));

/**
 * Reads a record from its entry in a list with metadata. A record that another program wrote counts as one attempt.
 * @param {Day} day
 * @param {R2Object} object
 * @returns {Failed}
 */
export function readFailed(day, { uploaded, customMetadata = {} }) {
  const { code = "", attempts, last_at, worker_version: version = "" } = customMetadata;
  const lastAt = Date.parse(last_at);
  return {
    ...day,
    code,
    version,
    attempts: Math.max(1, Number.parseInt(attempts, 10) || 1),
    lastAt: Number.isNaN(lastAt) ? uploaded.getTime() : lastAt,
  };
}
