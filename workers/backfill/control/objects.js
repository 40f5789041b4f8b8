/** Control objects: small objects of the bucket, as JSON, that are not days (docs/reference/control-objects.md). */
import { Failure } from "../../shared/failure.js";
import { callR2 } from "../../shared/storage.js";

/**
 * @typedef {{site: string, date: string}} Day
 * @typedef {{bucket: R2Bucket|undefined}} Target
 */

export const FOLDER = "_control/backfill/";
const CONTENT = { contentType: "application/json" };

/** @param {Day} day */
export const nameDay = ({ site, date }) => `${site}/${date}`;

/**
 * Returns the day of a name that `nameDay` made.
 * @param {string} name
 * @returns {Day}
 */
export const parseDayName = (name) => ({ site: name.slice(0, -11), date: name.slice(-10) });

/**
 * Returns the bucket. Throws a Failure where none is bound.
 * @param {Target} target
 */
export function requireBucket({ bucket }) {
  if (bucket === undefined) throw new Failure("storage", "no bucket is bound");
  return bucket;
}

/**
 * Reads an object. `value` is undefined for a text that is not JSON. Returns null for an absent object.
 * @param {Target} target
 * @param {string} key
 * @returns {Promise<{value: any, etag: string}|null>}
 */
export async function readObject(target, key) {
  const bucket = requireBucket(target);
  return callR2("R2 get failed", async () => {
    const object = await bucket.get(key);
    if (object === null) return null;
    const text = await object.text();
    let value;
    try {
      value = JSON.parse(text);
    } catch {} // another program wrote it. The caller decides
    return { value, etag: object.etag };
  });
}

/**
 * Writes an object if it is still the known one.
 * @param {Target} target
 * @param {string} key
 * @param {object} value
 * @param {string|undefined} etag of the known object, undefined: there is none
 * @param {Record<string, string>} [customMetadata]
 * @returns {Promise<string|null>} its ETag, null when another run was first
 */
export async function writeObject(target, key, value, etag, customMetadata) {
  const bucket = requireBucket(target);
  const onlyIf = etag === undefined ? { etagDoesNotMatch: "*" } : { etagMatches: etag };
  /** @type {R2PutOptions} */
  const options = { onlyIf, httpMetadata: CONTENT, customMetadata };
  const put = async () => (await bucket.put(key, JSON.stringify(value), options))?.etag ?? null;
  return callR2("R2 put failed", () => put().catch(readRefusal));
}

/**
 * Returns null for R2's refusal of a second write to one object within a second: another run was first.
 * @param {unknown} error
 */
function readRefusal(error) {
  if (String(error).includes("(10058)")) return null;
  throw error;
}

/**
 * Deletes control objects, and nothing else. R2 takes 1,000 in one call.
 * @param {Target} target
 * @param {string[]} names below the folder of control objects
 */
export async function deleteObjects(target, ...names) {
  const bucket = requireBucket(target);
  await callR2("R2 delete failed", () => bucket.delete(names.map((name) => FOLDER + name)));
}
