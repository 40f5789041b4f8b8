import http from "node:http";
import { json } from "node:stream/consumers";
import { Rejected } from "./bindings.mjs";
import { forward } from "./forward.mjs";

/**
 * The control socket: JSON in and out, except `/r2/{bucket}?key=…` (bytes) and `/traces` (one JSON object a line).
 * 404: no such object; 422 and 400, with a `message`: what Cloudflare would refuse; 500: a fault of the edge.
 *
 * @param {{
 *   front: import("./front.mjs").Front, runtime: import("./runtime.mjs").Runtime,
 *   traces: import("./traces.mjs").Traces, gate: import("./gate.mjs").Gate,
 * }} edge
 */
export function control({ front, runtime, traces, gate }) {
  /** @type {Record<string, (body: any) => Promise<unknown>>} */
  const calls = {
    "/reserve": ({ name }) => front.reserve(name),
    "/deploy": ({ name, versions, enabled }) => runtime.deploy(name, versions, enabled),
    "/remove": ({ name }) => runtime.remove(name),
    "/cron": ({ name, cron }) => runtime.cron(name, cron),
    "/trouble": ({ name, trouble }) => front.troubles.set(name, trouble),
    "/met": ({ name }) => front.troubles.met(name),
  };

  /** @param {http.IncomingMessage} request @param {http.ServerResponse} response */
  async function answer(request, response) {
    const url = new URL(request.url ?? "/", "http://edge");
    if (url.pathname === "/traces") return traces.stream(response);
    if (url.pathname.startsWith("/r2/")) return r2(url, request, response);
    return reply(response, 200, (await calls[url.pathname](await json(request))) ?? null);
  }

  /** @param {URL} url @param {http.IncomingMessage} request @param {http.ServerResponse} response */
  async function r2(url, request, response) {
    const bucket = decodeURIComponent(url.pathname.slice("/r2/".length));
    await runtime.bucket(bucket);
    await gate.pass(async () => {
      const extra = { "x-token": runtime.token };
      await forward(request, response, { origin: runtime.hostUrl, path: `/${bucket}${url.search}`, extra });
    });
  }

  return http.createServer({ requestTimeout: 0, maxHeaderSize: 65_536 }, (request, response) => {
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
