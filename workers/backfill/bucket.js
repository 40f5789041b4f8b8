/** The bucket is the only progress: a day is complete when its object exists. */
import { Failure } from "../shared/failure.js";
import { writeLog } from "../shared/log.js";
import { callR2, formatKey } from "../shared/storage.js";
import { requireBucket } from "./control/objects.js";

/** @typedef {import("./settings.js").Config} Config */

/**
 * Writes a day's object unless it exists.
 * @param {Config} config
 * @param {import("./copy_day.js").Day} day
 * @param {Blob} body
 * @param {import("./tally.js").Tally} tally
 * @param {Record<string, string>} about more metadata
 * @returns {Promise<number|null>} the samples written, null when another run wrote the day first
 */
export async function store(
  { bucket, version, keyTemplate },
  { site, date },
  body,
  { samples, points, first, last },
  about,
) {
  const key = formatKey({ keyTemplate }, site.name, date);
  /** @type {Record<string, string>} */
  const range = samples ? { first: String(first), last: String(last) } : {};
  const more = { ...range, ...about, bytes: `${body.size}`, worker_version: version };
  /** @type {R2PutOptions} */
  const options = {
    onlyIf: { etagDoesNotMatch: "*" },
    httpMetadata: { contentType: "application/x-ndjson" }, // without Content-Encoding: some clients would decompress twice
    customMetadata: { samples: `${samples}`, points: `${points.size}`, ...more },
  };
  const stored = await callR2("R2 put failed", async () => requireBucket({ bucket }).put(key, body, options));
  if (stored === null) {
    writeLog("log", "[Backfill] Another run wrote the day first", { key });
    return null;
  }
  if (stored?.size !== body.size)
    throw new Failure("storage", `R2 stored ${stored?.size} of ${body.size} bytes: ${key}`);
  writeLog("log", "[Backfill] Data written to R2", { key, samples, points: points.size, bytes: body.size });
  return samples;
}
