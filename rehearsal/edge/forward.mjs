import http from "node:http";
import { pipeline } from "node:stream";

/** Headers that belong to one connection, not to the message. */
const HOP_BY_HOP = new Set(["connection", "keep-alive", "proxy-connection", "upgrade", "expect", "te", "trailer"]);
/** Methods whose request Node would send chunked when no length is given. */
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
 * Passes a request on to workerd and its answer back, both streamed, with the bytes as they are (nothing is
 * decompressed), the `Host` that the client sent, and `extra` headers in place of the client's of that name.
 * A connection is never used twice: workerd closes idle ones without notice.
 *
 * @param {http.IncomingMessage} request
 * @param {http.ServerResponse} response
 * @param {{origin: URL, path?: string, extra?: Record<string, string>, answer?: string[]}} options
 *   `answer`: headers added to the answer
 * @returns {Promise<boolean>} whether the whole answer went out; resolves in any case
 */
export function forward(request, response, { origin, path = request.url, extra = {}, answer = [] }) {
  return new Promise((resolve) => {
    const { hostname, port } = origin;
    const headers = headersOf(request, extra);
    const upstream = http.request({ hostname, port, path, method: request.method, headers, agent: false });
    upstream.on("response", (from) => {
      const kept = without(from.rawHeaders, new Set([...HOP_BY_HOP, "transfer-encoding"]));
      response.writeHead(from.statusCode ?? 502, from.statusMessage, [...kept, ...answer]);
      pipeline(from, response, (error) => resolve(!error));
    });
    upstream.on("error", () => {
      if (!response.headersSent) say(response, 502, "The worker's runtime ended before it answered");
      else response.destroy();
      resolve(false);
    });
    response.on("close", () => {
      if (!response.writableFinished) upstream.destroy();
    });
    request.pipe(upstream);
  });
}

/** Answers with one line of text. @param {http.ServerResponse} response @param {number} status @param {string} text */
export function say(response, status, text) {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(`${text}\n`);
}
