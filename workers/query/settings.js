import { isBucket, isKeyTemplate, isSite, isVersion, listUnusable } from "../shared/settings.js";

/** @typedef {{site: string, keyTemplate: string, bucket: R2Bucket}} Config */

/**
 * Reads the bindings and lists those that cannot be used.
 * @param {any} env
 */
export function configure(env) {
  const { BUCKET: bucket, CF_VERSION_METADATA: metadata, SITE: site, KEY_TEMPLATE: keyTemplate } = env;
  const usable = {
    BUCKET: isBucket(bucket, ["head", "get", "list"]),
    CF_VERSION_METADATA: isVersion(metadata),
    SITE: isSite(site),
    KEY_TEMPLATE: isKeyTemplate(keyTemplate),
  };
  /** @type {Config} */
  const config = { site, keyTemplate, bucket };
  return { config, problems: listUnusable(usable) };
}
