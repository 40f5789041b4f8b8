/** Reads and writes the object of a day. */
import { Failure } from "../../shared/failure.js";
import { writeLog } from "../../shared/log.js";
import { callR2, formatKey } from "../../shared/storage.js";
import { requireBucket } from "../control/objects.js";
import { findWindow } from "./source.js";

/**
 * @typedef {import("../settings.js").Config} Config
 * @typedef {import("../copy_day.js").Day} Day
 * @typedef {import("./members.js").BuiltObject} BuiltObject
 * @typedef {import("./stored_day.js").StoredDay} StoredDay
 */

/**
 * @param {Config} config
 * @param {Day} day
 */
const findKey = ({ keyTemplate }, { site, date }) => formatKey({ keyTemplate }, site.name, date);

/**
 * Returns a day's object without its content, null if it is absent.
 * @param {Config} config
 * @param {Day} day
 */
export const headObject = (config, day) =>
  callR2(`R2 head of ${day.date} failed`, async () => requireBucket(config).head(findKey(config, day)));

/**
 * Returns a day's object with its content, null if it has not this ETag any more.
 * @param {Config} config
 * @param {Day} day
 * @param {string} etag
 */
export async function getObject(config, day, etag) {
  const options = { onlyIf: { etagMatches: etag } };
  const get = async () => requireBucket(config).get(findKey(config, day), options);
  const object = await callR2(`R2 get of ${day.date} failed`, get);
  return object !== null && "body" in object ? /** @type {R2ObjectBody} */ (object) : null;
}

/**
 * Writes a day's object unless it exists.
 * @param {Config} config
 * @param {Day} day
 * @param {BuiltObject} object
 * @returns {Promise<boolean>} false when another run wrote the day first
 */
export async function createObject(config, day, object) {
  const key = findKey(config, day);
  const isStored = await put(config, day, object, { etagDoesNotMatch: "*" }, describe(config, day, object, "1"));
  if (isStored) writeLog("log", "[Backfill] Data written to R2", { key, ...count(object) });
  else writeLog("log", "[Backfill] Another run wrote the day first", { key });
  return isStored;
}

/**
 * Writes a new revision over the object with this ETag.
 * @param {Config} config
 * @param {Day} day
 * @param {BuiltObject} object
 * @param {{etag: string, revision: number, about: Record<string, string>}} next `about` has more metadata
 * @returns {Promise<boolean>} false when another writer changed the object meanwhile
 */
export async function replaceObject(config, day, object, { etag, revision, about }) {
  const metadata = { ...describe(config, day, object, `${revision}`), ...about };
  const isStored = await put(config, day, object, { etagMatches: etag }, metadata);
  const key = findKey(config, day);
  if (isStored) writeLog("log", "[Backfill] Revision written to R2", { key, revision, ...count(object) });
  return isStored;
}

/**
 * Writes the bytes of an object in format 2 again, so that its metadata have `checked_at` and its upload time is now.
 * @param {Config} config
 * @param {Day} day
 * @param {{object: R2Object, body: Blob}} stored
 * @param {Record<string, string>} about more metadata
 * @returns {Promise<boolean>} false when another writer changed the object meanwhile
 */
export const confirmObject = (config, day, { object: { etag, customMetadata }, body }, about) =>
  put(config, day, { body }, { etagMatches: etag }, { ...customMetadata, ...about });

/** @param {BuiltObject} object */
const count = ({ body, samples, metadata: { points } }) => ({ samples, points: Number(points), bytes: body.size });

/**
 * Returns the metadata of an object.
 * @param {Config} config
 * @param {Day} day
 * @param {BuiltObject} object
 * @param {string} revision
 */
function describe({ version }, { date }, { metadata }, revision) {
  const { from, to } = findWindow(date);
  return { ...metadata, source: `${from}/${to}`, worker_version: version, revision };
}

/**
 * @param {Config} config
 * @param {Day} day
 * @param {{body: Blob}} object
 * @param {R2Conditional} onlyIf
 * @param {Record<string, string>} customMetadata
 */
async function put(config, day, { body }, onlyIf, customMetadata) {
  const key = findKey(config, day);
  /** @type {R2PutOptions} */
  const options = {
    onlyIf,
    httpMetadata: { contentType: "application/x-ndjson" }, // without Content-Encoding: some clients would decompress twice
    customMetadata,
  };
  const stored = await callR2("R2 put failed", async () => requireBucket(config).put(key, body, options));
  if (stored === null) return false;
  if (stored?.size !== body.size)
    throw new Failure("storage", `R2 stored ${stored?.size} of ${body.size} bytes: ${key}`);
  return true;
}
