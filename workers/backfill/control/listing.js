/** One list of the control objects: failed days, leases, and whether there is a pause. */
import { listPages } from "../../shared/storage.js";
import { readFailed } from "./failures.js";
import { FOLDER, nameDay, requireBucket } from "./objects.js";

/**
 * @typedef {import("./objects.js").Day} Day
 * @typedef {import("./failures.js").Failed} Failed
 * @typedef {{failures: Map<string, Failed>, leases: (Day & {takenAt: number})[], hasPause: boolean}} Control
 */

const KEY = /^(failures|leases)\/([^/]+)\/(\d{4}-\d\d-\d\d)(\.json)?$/;

/**
 * Lists the control objects.
 * @param {import("./objects.js").Target} target
 * @returns {Promise<Control>}
 */
export async function listControl(target) {
  const bucket = requireBucket(target);
  /** @type {Control} */
  const control = { failures: new Map(), leases: [], hasPause: false };
  for await (const objects of listPages(bucket, { prefix: FOLDER, include: ["customMetadata"] })) {
    for (const object of objects) addObject(control, object);
  }
  return control;
}

/**
 * @param {Control} control
 * @param {R2Object} object
 */
function addObject(control, object) {
  const name = object.key.slice(FOLDER.length);
  if (name === "pause.json") control.hasPause = true;
  const [, kind, site, date] = KEY.exec(name) ?? [];
  if (kind === "leases") control.leases.push({ site, date, takenAt: object.uploaded.getTime() });
  if (kind === "failures") control.failures.set(nameDay({ site, date }), readFailed({ site, date }, object));
}
