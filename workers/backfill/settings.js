import {
  isBaseUrl,
  isBucket,
  isKey,
  isKeyTemplate,
  isNumber,
  isPageSize,
  isQueueName,
  isVersion,
  listUnusable,
  readSites,
} from "../shared/settings.js";

/**
 * @typedef {import("../shared/settings.js").Site} Site
 * @typedef {{baseUrl: string, key: string, sites: Site[], pageSize: string, keyTemplate: string, settleHours: number,
 *   recheckDays: number, bucket: R2Bucket|undefined, days: Queue, deadLetterQueue: string, version: string}} Config
 */

/**
 * Reads the bindings and lists those that cannot be used.
 * @param {any} env
 */
export function configure(env) {
  const { ACE_API_KEY: key, BUCKET: bucket, CF_VERSION_METADATA: metadata, ACE_BASE_URL: baseUrl } = env;
  const { PAGE_SIZE: pageSize, KEY_TEMPLATE: keyTemplate, SETTLE_HOURS: settle, RECHECK_DAYS: recheck } = env;
  const { DAYS: days, DEAD_LETTER_QUEUE: deadLetterQueue } = env;
  const { sites, unusable } = readSites(env);
  const usable = {
    ACE_API_KEY: isKey(key),
    BUCKET: isBucket(bucket, ["delete", "get", "head", "list", "put"]),
    CF_VERSION_METADATA: isVersion(metadata),
    ACE_BASE_URL: isBaseUrl(baseUrl),
    PAGE_SIZE: isPageSize(pageSize),
    KEY_TEMPLATE: isKeyTemplate(keyTemplate),
    SETTLE_HOURS: isNumber(settle, 0, 72),
    RECHECK_DAYS: isNumber(recheck, 0, 30),
    DAYS: typeof days?.sendBatch === "function",
    DEAD_LETTER_QUEUE: isQueueName(deadLetterQueue),
  };
  /** @type {Config} */
  const config = {
    baseUrl,
    key,
    sites,
    pageSize,
    keyTemplate,
    settleHours: Number(settle),
    recheckDays: Number(recheck),
    bucket: usable.BUCKET ? bucket : undefined,
    days,
    deadLetterQueue,
    version: metadata?.id,
  };
  return { config, problems: [...listUnusable(usable), ...unusable] };
}
