import {
  isBaseUrl,
  isBucket,
  isDate,
  isKey,
  isKeyTemplate,
  isPageSize,
  isSite,
  isVersion,
  listUnusable,
} from "../shared/settings.js";

/**
 * @typedef {{name: string, start: string, end: string|undefined}} Site
 * @typedef {{baseUrl: string, key: string, sites: Site[], pageSize: string, keyTemplate: string, settleHours: number,
 *   recheckDays: number, bucket: R2Bucket|undefined, days: Queue|undefined, deadLetterQueue: string|undefined,
 *   version: string}} Config `days` undefined: the worker has no queue
 */

/**
 * Reads the bindings and lists those that cannot be used.
 * @param {any} env
 */
export function configure(env) {
  const { ACE_API_KEY: key, BUCKET: bucket, CF_VERSION_METADATA: metadata, ACE_BASE_URL: baseUrl, SITE: site } = env;
  const { START_DATE: start, END_DATE: end, PAGE_SIZE: pageSize, KEY_TEMPLATE: keyTemplate } = env;
  const undeclared = env; // the program declares these later
  const { SETTLE_HOURS: settle = "0", RECHECK_DAYS: recheck = "0", DAYS: days, DEAD_LETTER_QUEUE: dead } = undeclared;
  const usable = {
    ACE_API_KEY: isKey(key),
    BUCKET: isBucket(bucket, ["delete", "get", "head", "list", "put"]),
    CF_VERSION_METADATA: isVersion(metadata),
    ACE_BASE_URL: isBaseUrl(baseUrl),
    SITE: env.SITES !== undefined || isSite(site),
    START_DATE: env.SITES !== undefined || isDate(start),
    END_DATE: end === undefined || (isDate(end) && !(end < start)),
    PAGE_SIZE: isPageSize(pageSize),
    KEY_TEMPLATE: isKeyTemplate(keyTemplate),
  };
  const store = usable.BUCKET ? bucket : undefined;
  /** @type {Config} */
  const config = {
    baseUrl,
    key,
    sites: env.SITES
      ? JSON.parse(env.SITES).map((/** @type {any} */ one) => ({
          name: one.name,
          start: one.startDate,
          end: one.endDate,
        }))
      : [{ name: site, start, end }],
    pageSize,
    keyTemplate,
    settleHours: Number(settle),
    recheckDays: Number(recheck),
    bucket: store,
    days,
    deadLetterQueue: dead,
    version: metadata?.id,
  };
  return { config, problems: listUnusable(usable) };
}
