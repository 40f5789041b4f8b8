/** Passes the traces of all invocations on, in the order of their arrival, from the first one on. */
export class Traces {
  /** @type {string[]} */
  #waiting = [];
  /** @type {import("node:http").ServerResponse | null} */
  #listener = null;
  #gate;

  /** @param {import("./gate.mjs").Gate} gate is told of each trace */
  constructor(gate) {
    this.#gate = gate;
  }

  /** Takes what the tail worker posts: `{script, version, items}`. @param {{text(): Promise<string>}} request */
  async collect(request) {
    const { script, version, items } = JSON.parse(await request.text());
    for (const item of items) {
      // workerd knows neither of the two, Cloudflare tells both.
      this.#send(`${JSON.stringify({ ...item, scriptName: script, scriptVersion: { id: version } })}\n`);
      this.#gate.traced(`${script}/${item.event?.request?.headers?.["cf-ray"]}`);
    }
  }

  /** Streams one JSON object a line, until the listener leaves. @param {import("node:http").ServerResponse} response */
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
