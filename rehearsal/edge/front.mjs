import { randomBytes } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import { forward, say } from "./forward.mjs";
import { Troubles } from "./trouble.mjs";

/** Longer than any client keeps a connection it does not use, so that none is closed under a request. */
const IDLE_MS = 120_000;

/** One loopback port a script, from its reservation to the end of the run. */
export class Front {
  /** @type {Map<string, Promise<string>>} */
  #addresses = new Map();
  /** What is wrong with the way, on request. */
  troubles = new Troubles();
  #gate;
  #route;

  /**
   * @param {import("./gate.mjs").Gate} gate
   * @param {(name: string) => URL | undefined} route where a request to this script goes now, if anywhere
   */
  constructor(gate, route) {
    this.#gate = gate;
    this.#route = route;
  }

  /** Returns the script's address, the same each time. @param {string} name @returns {Promise<string>} */
  reserve(name) {
    const known = this.#addresses.get(name) ?? this.#listen(name);
    this.#addresses.set(name, known);
    return known;
  }

  /** @param {string} name */
  async #listen(name) {
    const options = { keepAliveTimeout: IDLE_MS, headersTimeout: IDLE_MS + 1000, requestTimeout: 0 };
    const server = http.createServer(options, (request, response) => {
      void this.#gate.pass(() => this.#serve(name, request, response));
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
    return `http://127.0.0.1:${port}`;
  }

  /** @param {string} name @param {http.IncomingMessage} request @param {http.ServerResponse} response */
  async #serve(name, request, response) {
    if (await this.troubles.meet(name, request, response)) return;
    if (response.destroyed) return; // the client left while it was held
    const origin = this.#route(name);
    if (!origin) {
      say(response, 404, "There is nothing here yet");
      return;
    }
    const ray = `${randomBytes(8).toString("hex")}-LCL`; // Cloudflare marks requests likewise; traces show it
    this.#gate.expectTrace(`${name}/${ray}`);
    const whole = await forward(request, response, { origin, extra: { "cf-ray": ray }, answer: ["cf-ray", ray] });
    if (!whole) this.#gate.traced(`${name}/${ray}`); // it may never have begun
  }
}
