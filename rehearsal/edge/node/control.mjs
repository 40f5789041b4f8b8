import http from "node:http";
import { json } from "node:stream/consumers";
import { forward } from "./forward.mjs";
import { Rejected } from "./runtime/bindings.mjs";

/**
 * The control socket takes and returns JSON, except `/r2/{bucket}?key=…` (bytes) and `/traces` (one JSON object per line).
 * 404: the object does not exist. 422 and 400, with a `message`: Cloudflare would refuse this. 500: the edge failed.
 *
 * @param {{
 *   addresses: import("./addresses.mjs").Addresses, runtime: import("./runtime/runtime.mjs").Runtime,
 *   traces: import("./traces.mjs").Traces, lock: import("./swap_lock.mjs").SwapLock,
 * }} edge
 */
export function createControlServer({ addresses, runtime, traces, lock }) {
  /** @type {Record<string, (body: any) => Promise<unknown>>} */
  const calls = {
    "/reserve": ({ name }) => addresses.reserve(name),
    "/deploy": ({ name, versions, enabled, trial }) => runtime.deploy(name, versions, enabled, trial),
    "/remove": ({ name }) => runtime.remove(name),
    "/cron": ({ name, cron, time }) => runtime.fireCron(name, cron, time),
    "/queue": ({ name, queue, messages }) => runtime.deliver(name, queue, messages),
    "/clock": ({ moves }) => runtime.moveClock(moves),
    "/proxy": ({ name, proxy }) => addresses.setProxy(name, proxy),
  };

  /** @param {http.IncomingMessage} request @param {http.ServerResponse} response */
  async function answer(request, response) {
    const url = new URL(request.url ?? "/", "http://edge");
    if (url.pathname === "/traces") return traces.stream(response);
    if (url.pathname.startsWith("/r2/")) return forwardToBucket(url, request, response);
    return reply(response, 200, (await calls[url.pathname](await json(request))) ?? null);
  }

  /** @param {URL} url @param {http.IncomingMessage} request @param {http.ServerResponse} response */
  async function forwardToBucket(url, request, response) {
    const bucket = decodeURIComponent(url.pathname.slice("/r2/".length));
    await runtime.addBucket(bucket);
    await lock.pass(async () => {
      const extra = { "x-token": runtime.token };
      await forward(request, response, { ...runtime.internalPlace, path: `/${bucket}${url.search}`, extra });
    });
  }

  // The client keeps its connections. A call would fail if Node closed an idle one at the moment in which the call uses it.
  const options = { keepAliveTimeout: 0, requestTimeout: 0, maxHeaderSize: 65_536 };
  return http.createServer(options, (request, response) => {
    answer(request, response).catch((error) => {
      const [status, message] = error instanceof Rejected ? [422, error.message] : [500, error?.code ?? error?.name];
      reply(response, status, { message });
    });
  });
}

/** @param {http.ServerResponse} response @param {number} status @param {unknown} body */
function reply(response, status, body) {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
