/** The pause of the backfill. While it exists, the planner plans nothing and the consumer drops its messages. */
import { deleteObjects, FOLDER, readObject, writeObject } from "./objects.js";

/**
 * @typedef {import("./objects.js").Target} Target
 * @typedef {{reason: string, by: string, at: string}} Pause
 */

const NAME = "pause.json";
const UNREADABLE = { reason: "the object pause.json cannot be read", by: "another program", at: "" };

/**
 * Returns the pause, null without one. An object of another form is a pause, because its author wanted one.
 * @param {Target} target
 * @returns {Promise<Pause|null>}
 */
export async function readPause(target) {
  const found = await readObject(target, FOLDER + NAME);
  if (found === null) return null;
  const { reason, by, at } = found.value ?? {};
  return [reason, by, at].every((text) => typeof text === "string") ? { reason, by, at } : UNREADABLE;
}

/**
 * Sets the pause unless there is one. Returns the pause that is in force.
 * @param {Target} target
 * @param {Pause} pause
 */
export async function setPause(target, pause) {
  const etag = await writeObject(target, FOLDER + NAME, pause, undefined);
  return etag === null ? ((await readPause(target)) ?? pause) : pause;
}

/**
 * Removes the pause, and the plan before it: the messages of the plan were dropped, so the planner plans anew.
 * @param {Target} target
 */
export async function removePause(target) {
  await deleteObjects(target, "plan.json");
  await deleteObjects(target, NAME);
}
