import { isBucket, isKeyTemplate, isVersion, listUnusable, readSites } from "../shared/settings.js";

/** @typedef {{sites: import("../shared/settings.js").Site[], keyTemplate: string, bucket: R2Bucket}} Config */

/**
 * Reads the bindings and lists those that cannot be used.
 * @param {any} env
 */
export function configure(env) {
  const { BUCKET: bucket, CF_VERSION_METADATA: metadata, KEY_TEMPLATE: keyTemplate } = env;
  const { sites, unusable } = readSites(env);
  const usable = {
    BUCKET: isBucket(bucket, ["head", "get", "list"]),
    CF_VERSION_METADATA: isVersion(metadata),
    KEY_TEMPLATE: isKeyTemplate(keyTemplate),
  };
  /** @type {Config} */
  const config = { sites, keyTemplate, bucket };
  return { config, problems: [...listUnusable(usable), ...unusable] };
}
