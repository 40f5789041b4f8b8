/**
 * Made-up time, seeded randomness, and the parts of workerd that Node has not or that use threads. `install` replaces the globals that the
 * workers' modules use. All of it is synchronous, so a run depends on its seed and on its driver alone.
 */
import { createHash, hkdfSync, timingSafeEqual } from "node:crypto";
import { CompressionStream, copyOf, DecompressionStream, DigestStream, PlainBlob, view } from "./streams.mjs";

const RealDate = Date;
let world; // the World that runs

const digest = (name, bytes) => copyOf(createHash(name.replace("-", "").toLowerCase()).update(bytes).digest());

/** Returns numbers from 0 to 1, the same for the same seed (mulberry32). */
export function makeRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

class MadeUpDate extends RealDate {
  constructor(...parts) {
    super(...(parts.length === 0 ? [world.now] : parts));
  }
  static now() {
    return Math.floor(world.now);
  }
}

const subtle = {
  digest: async (name, bytes) => digest(name, view(bytes)),
  importKey: async (_format, material) => material,
  deriveBits: async ({ salt, info }, key, bits) => hkdfSync("sha256", key, salt, info, bits / 8),
  timingSafeEqual: (one, other) => timingSafeEqual(view(one), view(other)),
};

function randomUUID() {
  const hex = Array.from({ length: 32 }, () => Math.floor(world.random() * 16).toString(16)).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20)].join("-");
}

/** A signal that `fetch` of the simulation obeys by its time. */
function timeout(ms) {
  return Object.assign(new AbortController().signal, { at: world.now + ms });
}

const replaced = {
  Date: MadeUpDate,
  Blob: PlainBlob,
  CompressionStream,
  DecompressionStream,
  scheduler: { wait: (ms) => world.operate("wait", () => {}, ms) },
  setTimeout: (call, ms = 0, ...given) => world.timer(call, ms, given),
  clearTimeout: (id) => world.pending.delete(id),
  crypto: { subtle, DigestStream, randomUUID, timingSafeEqual: subtle.timingSafeEqual },
  fetch: (url, options) => world.ace.fetch(url, options),
};

/** Makes this world the one that the globals belong to. */
export function install(given) {
  world = given;
  for (const [name, value] of Object.entries(replaced)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  AbortSignal.timeout = timeout;
  Math.random = () => world.random();
  console.log = console.error = console.warn = (line) => world.log?.(line);
}
