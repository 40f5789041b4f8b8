/** The state of all sites: the due days, the stored objects and the control objects. The bucket is the only source. */
import { formatKey, listPages } from "../../shared/storage.js";
import { listControl } from "../control/listing.js";
import { requireBucket } from "../control/objects.js";
import { listDueDays } from "./due.js";

/**
 * @typedef {import("../settings.js").Config} Config
 * @typedef {{uploaded: number, size: number}} Stored `uploaded` in ms
 * @typedef {{name: string, start: string, due: string[], stored: Map<string, Stored>, missing: string[],
 *   storedAt: number}} SiteDays oldest first. `storedAt` in ms: when the newest object was written, -Infinity for none
 * @typedef {{sites: SiteDays[], control: import("../control/listing.js").Control, storedAt: number}} Survey
 */

const LISTS = 5; // at once. Cloudflare allows six connections

/**
 * Lists the bucket: one call per site and 1,000 objects, and one for the control objects.
 * @param {Config} config
 * @param {number} at in ms
 * @returns {Promise<Survey>}
 */
export async function surveyDays(config, at) {
  const control = listControl(config);
  /** @type {SiteDays[]} */
  const sites = new Array(config.sites.length);
  const left = config.sites.entries();
  const work = async () => {
    for (const [index, site] of left) {
      const due = listDueDays(site, config, at);
      const stored = await listStored(config, site.name);
      const missing = due.filter((date) => !stored.has(date));
      let storedAt = -Infinity;
      for (const { uploaded } of stored.values()) storedAt = Math.max(storedAt, uploaded);
      sites[index] = { name: site.name, start: site.start, due, stored, missing, storedAt };
    }
  };
  await Promise.all([control, ...Array.from({ length: LISTS }, work)]);
  return { sites, control: await control, storedAt: Math.max(...sites.map((site) => site.storedAt)) };
}

/**
 * Counts the missing days of all sites.
 * @param {Pick<Survey, "sites">} survey
 */
export const countMissing = ({ sites }) => sites.reduce((sum, { missing }) => sum + missing.length, 0);

/**
 * Lists the stored days of a site.
 * @param {Config} config
 * @param {string} site
 */
async function listStored(config, site) {
  const bucket = requireBucket(config);
  const [prefix, suffix] = formatKey(config, site, "{date}").split("{date}");
  /** @type {SiteDays["stored"]} */
  const stored = new Map();
  for await (const objects of listPages(bucket, { prefix })) {
    for (const { key, uploaded, size } of objects) {
      const date = key.slice(prefix.length, prefix.length + 10);
      if (key === prefix + date + suffix) stored.set(date, { uploaded: uploaded.getTime(), size });
    }
  }
  return stored;
}
