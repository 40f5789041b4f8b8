import { randomBytes } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import { forward, respond } from "./forward.mjs";

/** Longer than any client keeps an unused connection, so that no connection is closed under a request. */
const IDLE_MS = 120_000;
/** The header by which a client chooses a version of the present deployment, also one at 0 %. */
const OVERRIDES = "cloudflare-workers-version-overrides";

/** One loopback port per script, from its reservation to the end of the run. */
export class Addresses {
  /** @type {Map<string, Promise<string>>} the public address of each script */
  #public = new Map();
  /** @type {Map<string, Promise<string>>} the address behind the fault proxy of each script that had one */
  #direct = new Map();
  /** @type {Map<string, URL>} the fault proxy of each script that has one now */
  #proxies = new Map();
  #lock;
  #clock;
  #route;

  /**
   * @param {import("./swap_lock.mjs").SwapLock} lock @param {import("./runtime/clock.mjs").Clock} clock
   * @param {(name: string, overrides?: string) => import("./runtime/runtime.mjs").Place | undefined} route returns the
   *   present place of a script, undefined: none. `overrides` is the header that chooses a version
   */
  constructor(lock, clock, route) {
    this.#lock = lock;
    this.#clock = clock;
    this.#route = route;
  }

  /** Returns the script's address, the same each time. @param {string} name @returns {Promise<string>} */
  reserve(name) {
    return getOrAdd(this.#public, name, () =>
      listen((request, response) => {
        const proxy = this.#proxies.get(name);
        // Without the lock: the proxy sends the request back to the direct address, which takes the lock.
        if (proxy) return forward(request, response, { origin: proxy, resets: true });
        return this.#serve(name, request, response);
      }),
    );
  }

  /**
   * Sends requests to the script's address through a proxy (null: no longer).
   * @param {string} name @param {string | null} proxy
   * @returns {Promise<string>} the address to which the proxy forwards
   */
  setProxy(name, proxy) {
    if (proxy) this.#proxies.set(name, new URL(proxy));
    else this.#proxies.delete(name);
    return getOrAdd(this.#direct, name, () =>
      listen((request, response) => this.#serve(name, request, response)),
    );
  }

  /** @param {string} name @param {http.IncomingMessage} request @param {http.ServerResponse} response */
  #serve(name, request, response) {
    return this.#lock.pass(() => this.#pass(name, request, response));
  }

  /** @param {string} name @param {http.IncomingMessage} request @param {http.ServerResponse} response */
  async #pass(name, request, response) {
    if (response.destroyed) return; // the client left while the lock was held
    const place = this.#route(name, request.headers[OVERRIDES]?.toString());
    if (!place) {
      respond(response, 404, "There is nothing here yet");
      return;
    }
    const ray = `${randomBytes(8).toString("hex")}-LCL`; // Cloudflare numbers requests likewise, and traces show it
    this.#lock.expectTrace(`${name}/${ray}`);
    const answer = ["cf-ray", ray, "date", new Date(this.#clock.now()).toUTCString()];
    const complete = await forward(request, response, { ...place, extra: { "cf-ray": ray }, answer });
    if (!complete) this.#lock.traced(`${name}/${ray}`); // the invocation may never have begun
  }
}

/**
 * @template T @param {Map<string, T>} map @param {string} key @param {() => T} make
 * @returns {T}
 */
function getOrAdd(map, key, make) {
  const value = map.get(key) ?? make();
  map.set(key, value);
  return value;
}

/** @param {(request: http.IncomingMessage, response: http.ServerResponse) => Promise<unknown>} serve */
async function listen(serve) {
  const options = { keepAliveTimeout: IDLE_MS, headersTimeout: IDLE_MS + 1000, requestTimeout: 0 };
  const server = http.createServer(options, (request, response) => void serve(request, response));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return `http://127.0.0.1:${port}`;
}
