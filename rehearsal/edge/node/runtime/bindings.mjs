/** An upload that Cloudflare would refuse. The message goes to the uploader and holds no secret. */
export class Rejected extends Error {}

const BUCKET = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/;
const ID = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * @typedef {{name: string, type: string, [property: string]: unknown}} Binding in the form of Cloudflare's API
 * @typedef {Record<string, Record<string, unknown>>} Options Miniflare's options for the bindings of one worker
 */

/**
 * Miniflare's option and value for each type of binding.
 * @type {Record<string, (binding: Binding, version: Record<string, string>) => [option: string, value: unknown]>}
 */
const TYPES = {
  secret_text: (binding) => ["bindings", requireText(binding, "text")],
  plain_text: (binding) => ["bindings", requireText(binding, "text")],
  json: (binding) => ["bindings", requireValue(binding, "json")],
  // Miniflare's own version metadata have a random id and no tag.
  version_metadata: (_, { id, tag, timestamp }) => ["bindings", { id, tag, timestamp }],
  r2_bucket: (binding) => ["r2Buckets", checkBucketName(requireText(binding, "bucket_name"))],
  kv_namespace: (binding) => ["kvNamespaces", requireText(binding, "namespace_id", ID)],
  d1: (binding) => ["d1Databases", requireText(binding, "id" in binding ? "id" : "database_id", ID)],
  queue: (binding) => ["queues", requireText(binding, "queue_name", ID)],
  service: (binding) => ["serviceBindings", { name: requireText(binding, "service"), entrypoint: binding.entrypoint }],
};

/**
 * Translates a version's bindings. Services keep the name of the declared script.
 * @param {Binding[]} bindings @param {Record<string, string>} version @returns {Options}
 */
export function translate(bindings, version) {
  /** @type {Options} */
  const options = {};
  const names = new Set();
  for (const binding of bindings) {
    if (typeof binding.name !== "string" || binding.name === "") throw new Rejected("a binding has no name");
    if (names.has(binding.name)) throw new Rejected(`binding ${binding.name}: declared twice`);
    names.add(binding.name);
    if (!Object.hasOwn(TYPES, binding.type)) {
      throw new Rejected(`binding ${binding.name}: unknown type ${JSON.stringify(binding.type)}`);
    }
    const [option, value] = TYPES[binding.type](binding, version);
    (options[option] ??= {})[binding.name] = value;
  }
  return options;
}

/** Returns the name if R2 accepts it. @param {string} name @throws {Rejected} */
export function checkBucketName(name) {
  if (!BUCKET.test(name)) throw new Rejected(`${JSON.stringify(name)} is not the name of an R2 bucket`);
  return name;
}

/** @param {Binding} binding @param {string} property */
function requireValue(binding, property) {
  if (binding[property] === undefined) {
    throw new Rejected(`binding ${binding.name}: a ${binding.type} needs ${property}`);
  }
  return binding[property];
}

/** @param {Binding} binding @param {string} property @param {RegExp} [pattern] @returns {string} */
function requireText(binding, property, pattern) {
  const value = requireValue(binding, property);
  if (typeof value !== "string" || (pattern && !pattern.test(value))) {
    throw new Rejected(`binding ${binding.name}: ${property} is not valid`);
  }
  return value;
}
