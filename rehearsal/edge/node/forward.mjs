import http from "node:http";
import { pipeline } from "node:stream";

/** Headers of one connection, not of the message. */
const HOP_BY_HOP = new Set(["connection", "keep-alive", "proxy-connection", "upgrade", "expect", "te", "trailer"]);
/** Methods with a body, which Node sends chunked if it has no length. */
const WITH_BODY = new Set(["POST", "PUT", "PATCH"]);

/** @param {string[]} raw flat list of names and values @param {ReadonlySet<string>} dropped @returns {string[]} */
function without(raw, dropped) {
  return raw.filter((_, i) => !dropped.has(raw[i - (i % 2)].toLowerCase()));
}

/** @param {http.IncomingMessage} request @param {Record<string, string>} extra @returns {string[]} */
function headersOf(request, extra) {
  const headers = without(request.rawHeaders, new Set([...HOP_BY_HOP, ...Object.keys(extra)]));
  const bare = !("content-length" in request.headers) && !("transfer-encoding" in request.headers);
  if (bare && WITH_BODY.has(request.method ?? "")) headers.push("content-length", "0");
  return [...headers, ...Object.entries(extra).flat(), "connection", "close"];
}

/**
 * Sends a request on and its response back, both streamed and with unchanged bytes (compressed bytes stay compressed).
 * Keeps the client's `Host`. `extra` headers replace the client's headers of the same name.
 * Each connection serves one request, because workerd closes idle connections without notice.
 *
 * @param {http.IncomingMessage} request
 * @param {http.ServerResponse} response
 * @param {{
 *   origin: URL, signal?: AbortSignal, path?: string, extra?: Record<string, string>, answer?: string[], resets?: boolean,
 * }} options `signal`: gives up the request. `answer`: headers added to the response. `resets`: reset the client's
 *   connection when the origin gives no response
 * @returns {Promise<boolean>} whether the complete response was sent. It never rejects.
 */
export function forward(request, response, options) {
  const { origin, signal, path = request.url, extra = {}, answer = [], resets = false } = options;
  return new Promise((resolve) => {
    const { hostname, port } = origin;
    const headers = headersOf(request, extra);
    const upstream = http.request({ hostname, port, path, method: request.method, headers, signal, agent: false });
    upstream.on("response", (from) => {
      const kept = without(from.rawHeaders, new Set([...HOP_BY_HOP, "transfer-encoding"]));
      response.writeHead(from.statusCode ?? 502, from.statusMessage, [...kept, ...answer]);
      pipeline(from, response, (error) => resolve(!error));
    });
    upstream.on("error", () => {
      if (response.headersSent) response.destroy();
      else if (resets) request.socket.resetAndDestroy();
      else respond(response, 502, "The worker's runtime ended before it answered");
      resolve(false);
    });
    response.on("close", () => {
      if (!response.writableFinished) upstream.destroy();
    });
    request.pipe(upstream);
  });
}

/** Sends one line of text. @param {http.ServerResponse} response @param {number} status @param {string} text */
export function respond(response, status, text) {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(`${text}\n`);
}
