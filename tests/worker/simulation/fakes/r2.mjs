/**
 * R2 with strong consistency: `etag` is the MD5 of the content as for every object that is put in one part, a failed `onlyIf`
 * of `put` gives null, `delete` has no condition, and a list has at most 1,000 keys a page.
 */
import { createHash } from "node:crypto";
import { PlainBlob, PlainStream } from "./streams.mjs";

const MAX_LIST = 1000;
const CONTROL = "_control/";
const MAX_METADATA_BYTES = 8192;

const toBytes = (body) =>
  typeof body === "string"
    ? Buffer.from(body)
    : Buffer.from(ArrayBuffer.isView(body) ? body.buffer.slice(body.byteOffset, body.byteOffset + body.byteLength) : body);

/** Returns whether the conditions of a `put` or a `get` hold. */
function holds({ etagMatches, etagDoesNotMatch } = {}, found) {
  if (etagMatches !== undefined && found?.etag !== etagMatches) return false;
  if (etagDoesNotMatch === "*") return found === undefined;
  return etagDoesNotMatch === undefined || found?.etag !== etagDoesNotMatch;
}

export class R2 {
  /**
   * @param {import("../world.mjs").World} world
   * @param {{listPage?: number, latencyMs?: () => number}} [options]
   */
  constructor(world, { listPage = MAX_LIST, latencyMs = () => 0 } = {}) {
    Object.assign(this, { world, listPage, latencyMs });
    this.objects = new Map();
    this.keys = { control: [], others: [] }; // sorted. Control objects come and go, so they have a short list of their own
    this.counts = {}; // kind of process -> kind of operation -> count
    this.watchers = [];
    this.binding = this.#bind();
  }

  #operate(kind, label, effect) {
    const counted = () => {
      const counts = (this.counts[this.world.current.kind] ??= { list: 0, get: 0, head: 0, put: 0, delete: 0 });
      counts[kind] += 1;
      return effect();
    };
    return this.world.operate(`${kind} ${label}`, counted, this.latencyMs());
  }

  /** Returns the sorted keys among which those with a prefix are. A prefix that is shorter than CONTROL needs all. */
  #keysOf(prefix) {
    const { control, others } = this.keys;
    if (prefix.startsWith(CONTROL)) return control;
    return CONTROL.startsWith(prefix) ? [...control, ...others].sort() : others;
  }

  /** Returns the first position whose key is not less than `key`. */
  #find(keys, key) {
    let [low, high] = [0, keys.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (keys[middle] < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  write(key, bytes, { customMetadata = {}, httpMetadata = {} } = {}) {
    const size = Object.entries(customMetadata).reduce((sum, pair) => sum + Buffer.byteLength(pair.join("")), 0);
    if (size > MAX_METADATA_BYTES) throw new Error("metadata is too large (10012)");
    const etag = createHash("md5").update(bytes).digest("hex");
    const now = Math.floor(this.world.now);
    const object = { key, bytes, etag, size: bytes.length, now, customMetadata, httpMetadata, writer: this.world.current };
    const before = this.objects.get(key);
    const keys = this.#keysOf(key);
    if (before === undefined) keys.splice(this.#find(keys, key), 0, key);
    this.objects.set(key, object);
    for (const watch of this.watchers) watch(key, before, object);
    return object;
  }

  remove(key) {
    const before = this.objects.get(key);
    if (before === undefined) return;
    this.objects.delete(key);
    const keys = this.#keysOf(key);
    keys.splice(this.#find(keys, key), 1);
    for (const watch of this.watchers) watch(key, before, undefined);
  }

  /** Returns the keys with a prefix. */
  list(prefix) {
    const [keys, found] = [this.#keysOf(prefix), []];
    for (let index = this.#find(keys, prefix); keys[index]?.startsWith(prefix); index += 1) found.push(keys[index]);
    return found;
  }

  #listPage({ prefix = "", cursor, startAfter, limit = MAX_LIST, include = [] } = {}) {
    const keys = this.#keysOf(prefix);
    let index = this.#find(keys, prefix);
    if (startAfter !== undefined) index = Math.max(index, this.#find(keys, `${startAfter}\0`));
    if (cursor !== undefined) index = this.#find(keys, `${Buffer.from(cursor, "base64")}\0`);
    const [objects, end] = [[], index + Math.min(limit, this.listPage, MAX_LIST)];
    for (; index < end && keys[index]?.startsWith(prefix); index += 1) {
      const object = this.objects.get(keys[index]);
      objects.push(include.includes("customMetadata") ? describe(object) : (object.listed ??= describe(object, false)));
    }
    const truncated = keys[index]?.startsWith(prefix) ?? false;
    const more = truncated ? { cursor: Buffer.from(objects.at(-1).key).toString("base64") } : {};
    return { objects, truncated, delimitedPrefixes: [], ...more };
  }

  #bind() {
    return {
      list: (options) => this.#operate("list", options?.prefix ?? "", () => this.#listPage(options)),
      head: (key) => this.#operate("head", key, () => describe(this.objects.get(key)) ?? null),
      get: (key, { onlyIf, range } = {}) =>
        this.#operate("get", key, () => {
          const found = this.objects.get(key);
          if (found === undefined) return null;
          return holds(onlyIf, found) ? open(found, range) : describe(found);
        }),
      put: async (key, body, { onlyIf, ...options } = {}) => {
        const bytes = toBytes(body instanceof PlainBlob ? body.bytes : body);
        return this.#operate("put", key, () =>
          holds(onlyIf, this.objects.get(key)) ? describe(this.write(key, bytes, options)) : null,
        );
      },
      delete: (keys) => this.#operate("delete", [keys].flat().join(" "), () => [keys].flat().forEach((key) => this.remove(key))),
    };
  }
}

function describe(object, withMetadata = true) {
  if (object === undefined) return undefined;
  const { key, etag, size, now, customMetadata, httpMetadata } = object;
  const shown = { key, etag, httpEtag: `"${etag}"`, size, uploaded: new Date(now), httpMetadata };
  return withMetadata ? { ...shown, customMetadata } : shown;
}

function open(object, { offset = 0, length } = {}) {
  const bytes = Uint8Array.from(object.bytes.subarray(offset, length === undefined ? undefined : offset + length));
  return {
    ...describe(object),
    body: new PlainStream(bytes),
    arrayBuffer: async () => bytes.buffer,
    bytes: async () => bytes,
    text: async () => new TextDecoder().decode(bytes),
    json: async () => JSON.parse(new TextDecoder().decode(bytes)),
    blob: async () => new PlainBlob([bytes]),
  };
}
