/** Requests to ACE. Each page is retried while a retry may succeed and fits before the deadline. */

import { Failure } from "../failure.js";
import { writeLog } from "../log.js";
import { readError, readPage } from "./answers.js";

/**
 * @typedef {import("./answers.js").Page} Page
 * @typedef {{baseUrl: string, pageSize: string}} Source
 * @typedef {{from: string, to: string}} Span ISO times, `to` excluded
 * @typedef {{answerMs: number, answerBytes: number, attempts: number, retryMs: number,
 *   waitMs: number}} RequestLimits
 * @typedef {{key: string, agent: string, limits: RequestLimits, deadline: number}} Client `deadline` in ms since the epoch
 */

/**
 * Returns the URL of one page. `raw_data=true` asks for the samples as measured, not for one per 5 minutes.
 * @param {Source} config
 * @param {string} site
 * @param {Span} span
 * @param {string} [cursor] absent for the first page
 */
export function buildUrl(config, site, { from, to }, cursor) {
  const query = { start_time: from, end_time: to, page_size: config.pageSize, raw_data: "true" };
  const url = new URL(`${config.baseUrl}/api/sites/${site}/timeseries/paginated`);
  url.search = `${new URLSearchParams(cursor === undefined ? query : { ...query, cursor })}`;
  return url;
}

/**
 * Fetches one page and logs each attempt. Throws a Failure.
 * @param {Client} client
 * @param {URL} url
 * @param {import("../chunks.js").TextReader} reader of the client's pages
 * @param {object} context fields for the log lines
 */
export async function fetchPage(client, url, reader, context) {
  const { limits, deadline } = client;
  for (let attempt = 1; ; attempt += 1) {
    const begun = Date.now();
    try {
      const page = await fetchOnce(client, url, reader);
      writeLog("log", "[ACE API] Success", { ...context, rows: page.point_samples.length, ms: Date.now() - begun });
      return page;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const { code, message: reason, retryAfterMs } = error;
      writeLog("error", "[ACE API] Failed", { ...context, attempt, code, reason, ms: Date.now() - begun });
      const wait = Math.max(retryAfterMs ?? 0, limits.retryMs * 2 ** (attempt - 1));
      const isTooLong = wait > limits.waitMs || Date.now() + wait >= deadline;
      if (retryAfterMs === undefined || attempt === limits.attempts || isTooLong) throw error;
      await scheduler.wait(wait);
      if (Date.now() >= deadline) throw error; // the pause took longer than it should
    }
  }
}

/**
 * @param {Client} client
 * @param {URL} url
 * @param {import("../chunks.js").TextReader} reader
 * @returns {Promise<Page>}
 */
async function fetchOnce({ key, agent, limits: { answerMs, answerBytes } }, url, reader) {
  const headers = buildHeaders(key, agent);
  let response, text;
  try {
    // Redirects are not followed, because a redirect to another origin could carry the key.
    response = await fetch(url, { headers, redirect: "manual", signal: AbortSignal.timeout(answerMs) });
    text = response.body ? await reader.read(response.body, answerBytes) : "";
  } catch (error) {
    const isTimeout = error instanceof Error && error.name === "TimeoutError";
    const reason = isTimeout ? `ACE did not answer within ${answerMs} ms` : "the connection to ACE failed";
    throw new Failure("upstream_unavailable", reason, 0);
  }
  if (text === undefined) throw new Failure("upstream_contract", `ACE's answer exceeds ${answerBytes} bytes`);
  return response.status === 200 ? readPage(text) : readError(response, text);
}

/**
 * @param {string} key
 * @param {string} agent
 */
function buildHeaders(key, agent) {
  const headers = new Headers({ Accept: "application/json", "User-Agent": agent });
  try {
    headers.set("Authorization", `Bearer ${key}`);
  } catch {
    throw new Failure("upstream_auth", "the key holds a character that no header can carry"); // the original error quotes the key
  }
  return headers;
}
