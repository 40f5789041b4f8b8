import { setTimeout as sleep } from "node:timers/promises";
import { say } from "./forward.mjs";

/**
 * @typedef {{
 *   kind: "delay" | "reset" | "status" | "truncated", every: number, times: number | null, seconds: number,
 *   status: number, retry_after: number | null,
 * }} Trouble as rehearsal/trouble.py describes it
 */

/** What is wrong with the way to each script, on request. */
export class Troubles {
  /** @type {Map<string, {trouble: Trouble, seen: number, met: number}>} */
  #roads = new Map();

  /** @param {string} name @param {Trouble | null} trouble */
  async set(name, trouble) {
    if (trouble) this.#roads.set(name, { trouble, seen: 0, met: 0 });
    else this.#roads.delete(name);
  }

  /** How many requests met it since it was set; null without trouble. @param {string} name */
  async met(name) {
    return this.#roads.get(name)?.met ?? null;
  }

  /**
   * Lets a request meet its trouble, if any.
   * @param {string} name @param {import("node:http").IncomingMessage} request
   * @param {import("node:http").ServerResponse} response
   * @returns {Promise<boolean>} whether that was the end of it
   */
  async meet(name, request, response) {
    const road = this.#roads.get(name);
    if (!road) return false;
    const { kind, every, times, seconds, status, retry_after: retryAfter } = road.trouble;
    if (road.seen++ % every !== 0 || (times !== null && road.met >= times)) return false;
    road.met++;
    if (kind === "delay") {
      await sleep(seconds * 1000);
      return false;
    }
    if (kind === "reset") request.socket.resetAndDestroy();
    else if (kind === "truncated") {
      response.writeHead(200, { "content-type": "application/json", "content-length": "200" });
      response.write('{"status":', () => response.destroy());
    } else {
      if (retryAfter !== null) response.setHeader("retry-after", `${retryAfter}`);
      say(response, status, "an error of the proxy");
    }
    return true;
  }
}
