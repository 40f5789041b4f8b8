/** The work on one day: a copy or a new revision, under the day's lease and never without need. */
import { callR2, formatKey } from "../../shared/storage.js";
import { clearFailures } from "../control/failures.js";
import { withLease } from "../control/lease.js";
import { requireBucket } from "../control/objects.js";
import { countRows } from "../day/merge.js";
import { needsRecheck } from "./due.js";

/**
 * @typedef {import("../settings.js").Config} Config
 * @typedef {import("../control/objects.js").Day} Day
 * @typedef {import("../control/lease.js").Held} Held
 * @typedef {import("../../shared/ace/client.js").Client} Client
 * @typedef {import("./tools.js").Tools} Tools
 * @typedef {import("./tools.js").Counters} Counters
 * @typedef {import("./message.js").Order} Order
 * @typedef {{client: Client, counters: Counters}} Job
 */

/**
 * Copies a day unless it is stored.
 * @param {Config} config
 * @param {Tools} tools
 * @param {Day} day
 * @param {Job} job
 * @returns {Promise<Held|{result: "stored"|"present"|"unfinished"}>}
 */
export function copyMissing(config, { parts, limits, now }, day, { client, counters }) {
  const ms = client.deadline - Date.now() + limits.leaseMs;
  return withLease(config, day, ms, now, async () => {
    const isStored = (await readStored(config, day)) !== null; // by the run that held the lease before
    const target = { site: findSite(config, day.site), date: day.date };
    const result = isStored ? "present" : await parts.copyDay(config, target, client, limits, counters);
    if (result !== "unfinished") await clearFailures(config, day);
    return result;
  });
}

const RECHECK_MARGIN_MS = 900_000; // the longest time between this look and a put

/**
 * Returns whether a put now would look like the re-check of a day that ACE was not asked for.
 * @param {Config} config
 * @param {Day} day
 * @param {number} at in ms
 */
async function hidesRecheck(config, day, at) {
  const stored = await readStored(config, day);
  return stored !== null && needsRecheck(day.date, stored.uploaded.getTime(), config, at + RECHECK_MARGIN_MS);
}

/**
 * Reads a stored day from its source again, and stores it as a new revision where it differs. Where the re-check of the day
 * is due, only ACE is a source: the re-check also stores the present format.
 * @param {Config} config
 * @param {Tools} tools
 * @param {Day} day
 * @param {Job & {source: "ace"|"stored", dryRun: boolean}} job
 */
export function revise(config, { parts, limits, now }, day, { client, counters, source, dryRun }) {
  const ms = client.deadline - Date.now() + limits.leaseMs;
  return withLease(config, day, ms, now, async () => {
    const target = { site: findSite(config, day.site), date: day.date };
    const waits = source === "stored" && !dryRun && (await hidesRecheck(config, day, now()));
    if (waits) return { result: /** @type {const} */ ("conflict"), revision: 0, rows: countRows(0) };
    const done = await parts.reviseDay(config, target, client, limits, counters, { source, dryRun });
    const isSuccess = done.result === "revised" || done.result === "unchanged";
    if (isSuccess && source === "ace" && !dryRun) await clearFailures(config, day);
    return done;
  });
}

/**
 * Returns whether the bucket shows that a message asks for nothing more: its day is stored, or re-checked, or absent.
 * @param {Config} config
 * @param {Order} order
 * @param {number} at in ms
 */
export async function isDone(config, { what, ...day }, at) {
  const stored = await readStored(config, day);
  if (what === "copy") return stored !== null;
  if (stored === null) return true; // the planner sends it as a copy
  return what === "recheck" && !needsRecheck(day.date, stored.uploaded.getTime(), config, at);
}

/**
 * @param {Config} config
 * @param {Day} day
 */
function readStored(config, { site, date }) {
  const bucket = requireBucket(config);
  return callR2("R2 head failed", () => bucket.head(formatKey(config, site, date)));
}

/**
 * @param {Config} config
 * @param {string} site that is declared
 */
function findSite({ sites }, site) {
  return sites.find(({ name }) => name === site) ?? { name: site };
}
