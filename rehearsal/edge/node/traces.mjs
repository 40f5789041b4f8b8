/** Streams the traces of all invocations, from the first one, in the order of their arrival. */
export class Traces {
  /** @type {string[]} */
  #waiting = [];
  /** @type {import("node:http").ServerResponse | null} */
  #listener = null;
  #lock;
  #clock;

  /**
   * @param {import("./swap_lock.mjs").SwapLock} lock is notified of each trace
   * @param {import("./runtime/clock.mjs").Clock} clock
   */
  constructor(lock, clock) {
    this.#lock = lock;
    this.#clock = clock;
  }

  /** Receives `{script, version, items}` from the tail worker. @param {{text(): Promise<string>}} request */
  async collect(request) {
    const { script, version, items } = JSON.parse(await request.text());
    for (const item of items) {
      for (const each of [...(item.logs ?? []), ...(item.exceptions ?? [])]) each.timestamp = this.#clock.shift(each.timestamp);
      item.eventTimestamp = this.#clock.shift(item.eventTimestamp);
      // Cloudflare sends script and version, and workerd does not know them.
      this.#send(`${JSON.stringify({ ...item, scriptName: script, scriptVersion: { id: version } })}\n`);
      this.#lock.traced(`${script}/${item.event?.request?.headers?.["cf-ray"]}`);
    }
  }

  /** Streams one JSON object per line until the listener leaves. @param {import("node:http").ServerResponse} response */
  stream(response) {
    response.writeHead(200, { "content-type": "application/x-ndjson" }).flushHeaders();
    for (const line of this.#waiting.splice(0)) response.write(line);
    response.on("close", () => (this.#listener = null));
    this.#listener = response;
  }

  /** @param {string} line */
  #send(line) {
    if (this.#listener) this.#listener.write(line);
    else this.#waiting.push(line);
  }
}
