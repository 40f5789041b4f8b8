/** A lease: the right of one run to work on a day until a time, so that two workers never copy one day at once. */
import { writeLog } from "../../shared/log.js";
import { deleteObjects, FOLDER, nameDay, readObject, requireBucket, writeObject } from "./objects.js";

/**
 * @typedef {import("./objects.js").Day} Day
 * @typedef {import("./objects.js").Target} Target
 * @typedef {{heldMs: number}} Held another run holds the lease, for so many ms at most
 */

const ATTEMPTS = 3; // to take a lease that other runs take and release meanwhile
const UNKNOWN_MS = 1_000; // the rest of a lease that another run took at this moment
const MARGIN_MS = 5_000; // a lease is not deleted so shortly before its end, because another run may take it over

/**
 * Takes the lease of a day, also one whose time is over.
 * @param {Target} target
 * @param {Day} day
 * @param {number} ms how long its holder can run
 * @param {() => number} now
 * @returns {Promise<Held|{release: () => Promise<void>}>}
 */
export async function takeLease(target, day, ms, now) {
  const name = `leases/${nameDay(day)}`;
  const end = now() + ms;
  const value = { run: crypto.randomUUID(), expires_at: new Date(end).toISOString() };
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const found = attempt === 0 ? null : await readObject(target, FOLDER + name);
    const heldMs = Date.parse(found?.value?.expires_at) - now();
    if (heldMs > 0) return { heldMs };
    const etag = await writeObject(target, FOLDER + name, value, found?.etag);
    if (etag !== null) return { release: () => release(target, name, etag, end, now) };
  }
  return { heldMs: UNKNOWN_MS };
}

/**
 * Deletes the own lease. A lease whose time is over remains, because it may be another run's by now.
 * @param {Target} target
 * @param {string} name
 * @param {string} etag
 * @param {number} end
 * @param {() => number} now
 */
async function release(target, name, etag, end, now) {
  try {
    const found = await requireBucket(target).head(FOLDER + name);
    if (found?.etag === etag && now() < end - MARGIN_MS) await deleteObjects(target, name);
  } catch (error) {
    writeLog("error", "[Backfill] Lease not released", { lease: name, error: String(error).slice(0, 200) });
  }
}

/**
 * Runs a piece of work under the lease of a day.
 * @template T
 * @param {Target} target
 * @param {Day} day
 * @param {number} ms
 * @param {() => number} now
 * @param {() => Promise<T>} work
 * @returns {Promise<Held|{result: T}>}
 */
export async function withLease(target, day, ms, now, work) {
  const lease = await takeLease(target, day, ms, now);
  if ("heldMs" in lease) return lease;
  try {
    return { result: await work() };
  } finally {
    await lease.release();
  }
}
