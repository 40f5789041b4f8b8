import { writeLog } from "./log.js";

/**
 * @typedef {{code: string, message: string, parameters?: Record<string, string>}} ErrorBody
 * @typedef {{methods: string[]}} Route
 */

/**
 * @param {number} status
 * @param {object} body
 * @param {Record<string, string>} [headers]
 */
export const json = (status, body, headers) =>
  Response.json(body, { status, headers: { "Cache-Control": "no-store", ...headers } });

/**
 * @param {number} status
 * @param {ErrorBody} error
 * @param {Record<string, string>} [headers]
 */
export const refuse = (status, error, headers) => json(status, { status: "error", error }, headers);

/**
 * Answers a request by the route of its path. An unknown path is 404, another method 405, an exception 500.
 * @template {Route} T
 * @param {Request} request
 * @param {Record<string, T>} routes by path
 * @param {string} tag of the log line
 * @param {(route: T) => Promise<Response>} reply
 */
export async function dispatch(request, routes, tag, reply) {
  try {
    const { pathname } = new URL(request.url);
    if (!Object.hasOwn(routes, pathname)) return refuse(404, { code: "not_found", message: "no such route" });
    const route = routes[pathname];
    if (route.methods.includes(request.method)) return await reply(route);
    const error = { code: "method_not_allowed", message: "this route takes another method" };
    return refuse(405, error, { Allow: route.methods.join(", ") });
  } catch (error) {
    writeLog("error", `${tag} Unexpected error`, { error: String(error) });
    return refuse(500, { code: "internal", message: "unexpected error. The worker's log has the reason" });
  }
}
