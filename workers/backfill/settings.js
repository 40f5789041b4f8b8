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
 * @typedef {{baseUrl: string, key: string, site: string, start: string, end: string|undefined, pageSize: string,
 *   keyTemplate: string, bucket: R2Bucket|undefined, version: string}} Config
 */

/**
 * Reads the bindings and lists those that cannot be used.
 * @param {any} env
 */
export function configure(env) {
  const { ACE_API_KEY: key, BUCKET: bucket, CF_VERSION_METADATA: metadata, ACE_BASE_URL: baseUrl, SITE: site } = env;
  const { START_DATE: start, END_DATE: end, PAGE_SIZE: pageSize, KEY_TEMPLATE: keyTemplate } = env;
  const usable = {
    ACE_API_KEY: isKey(key),
    BUCKET: isBucket(bucket, ["get", "head", "list", "put"]),
    CF_VERSION_METADATA: isVersion(metadata),
    ACE_BASE_URL: isBaseUrl(baseUrl),
    SITE: isSite(site),
    START_DATE: isDate(start),
    END_DATE: end === undefined || (isDate(end) && !(end < start)),
    PAGE_SIZE: isPageSize(pageSize),
    KEY_TEMPLATE: isKeyTemplate(keyTemplate),
  };
  const store = usable.BUCKET ? bucket : undefined;
  /** @type {Config} */
  const config = { baseUrl, key, site, start, end, pageSize, keyTemplate, bucket: store, version: metadata?.id };
  return { config, problems: listUnusable(usable) };
}
