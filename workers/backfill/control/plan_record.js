/** The plan: the days in the queue that are not seen stored yet, so that overlapping planners send no day twice. */
import { writeLog } from "../../shared/log.js";
import { FOLDER, readObject, writeObject } from "./objects.js";

/**
 * @typedef {import("./objects.js").Target} Target
 * @typedef {"copy"|"recheck"} What
 * @typedef {Map<string, {what: What, at: number}>} Plan by site and date. `at` in ms: when the planner sent the day
 * @typedef {{doneAt: number, sentAt: number}} Progress of the queue, in ms: when a day of the plan was stored or failed, and
 *   the newest sending of such a day
 * @typedef {{plan: Plan, progress: Progress, etag: string|undefined}} Known
 */

const KEY = `${FOLDER}plan.json`;
const SCHEMA = 1;

/**
 * Reads the plan. An absent plan is empty, and so is an object that is not a plan: its days are sent again.
 * @param {Target} target
 * @returns {Promise<Known>}
 */
export async function readPlan(target) {
  const found = await readObject(target, KEY);
  const { schema, days, progress } = found?.value ?? {};
  const isPlan = schema === SCHEMA && days !== null && typeof days === "object";
  if (found !== null && !isPlan) writeLog("error", "[Backfill] Plan unreadable", { key: KEY });
  /** @type {Plan} */
  const plan = new Map();
  for (const [name, entry] of Object.entries(isPlan ? days : {})) {
    const at = Date.parse(entry?.at);
    if (!Number.isNaN(at)) plan.set(name, { what: entry.what === "recheck" ? "recheck" : "copy", at });
  }
  const [doneAt, sentAt] = [progress?.done_at, progress?.sent_at].map((text) => Date.parse(text) || -Infinity);
  return { plan, progress: { doneAt, sentAt }, etag: found?.etag };
}

/**
 * Writes the plan if it is still the known one. Returns its ETag, null when another planner was first. R2's ETag is a
 * digest of the content, so each version has an id: an earlier plan with the same days has another ETag.
 * @param {Target} target
 * @param {Known} known `plan` is the new one, `etag` that of the known object
 */
export async function writePlan(target, { plan, progress, etag }) {
  const days = Object.fromEntries([...plan].map(([name, { what, at }]) => [name, { what, at: formatTime(at) }]));
  const { doneAt, sentAt } = progress;
  const shown = { done_at: formatTime(doneAt), sent_at: formatTime(sentAt) };
  return writeObject(target, KEY, { schema: SCHEMA, id: crypto.randomUUID(), progress: shown, days }, etag);
}

/** @param {number} ms -Infinity for none */
const formatTime = (ms) => (ms === -Infinity ? null : new Date(ms).toISOString());
