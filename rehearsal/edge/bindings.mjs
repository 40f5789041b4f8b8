/** An upload that Cloudflare would refuse; the message is for whoever uploaded it, and holds no secret. */
export class Rejected extends Error {}

const BUCKET = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/;
const ID = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * @typedef {{name: string, type: string, [property: string]: unknown}} Binding in the form of Cloudflare's API
 * @typedef {Record<string, Record<string, unknown>>} Options those of Miniflare's that name one worker's bindings
 */

/**
 * What Miniflare calls each type of binding: the option, and the value there.
 * @type {Record<string, (binding: Binding, version: Record<string, string>) => [option: string, value: unknown]>}
 */
const TYPES = {
  secret_text: (binding) => ["bindings", text(binding, "text")],
  plain_text: (binding) => ["bindings", text(binding, "text")],
  json: (binding) => ["bindings", present(binding, "json")],
  // Miniflare's own has a random id and no tag.
  version_metadata: (_, { id, tag, timestamp }) => ["bindings", { id, tag, timestamp }],
  r2_bucket: (binding) => ["r2Buckets", bucketName(text(binding, "bucket_name"))],
  kv_namespace: (binding) => ["kvNamespaces", text(binding, "namespace_id", ID)],
  d1: (binding) => ["d1Databases", text(binding, "id" in binding ? "id" : "database_id", ID)],
  queue: (binding) => ["queueProducers", text(binding, "queue_name", ID)],
  service: (binding) => ["serviceBindings", { name: text(binding, "service"), entrypoint: binding.entrypoint }],
};

/**
 * Translates a version's bindings; services keep the script's name that they were declared with.
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

/** Returns the name if R2 would take it. @param {string} name */
export function bucketName(name) {
  if (!BUCKET.test(name)) throw new Rejected(`${JSON.stringify(name)} is not the name of an R2 bucket`);
  return name;
}

/** @param {Binding} binding @param {string} property */
function present(binding, property) {
  if (binding[property] === undefined) {
    throw new Rejected(`binding ${binding.name}: a ${binding.type} needs ${property}`);
  }
  return binding[property];
}

/** @param {Binding} binding @param {string} property @param {RegExp} [pattern] @returns {string} */
function text(binding, property, pattern) {
  const value = present(binding, property);
  if (typeof value !== "string" || (pattern && !pattern.test(value))) {
    throw new Rejected(`binding ${binding.name}: ${property} is not valid`);
  }
  return value;
}
