/**
 * @typedef {import("../shared/ace/client.js").RequestLimits & {triggerMs: number, cronMs: number, objectBytes: number,
 *   logRateLimitMs: number}} Limits
 */

/**
 * The limits of a batch. They are not settings: only a module that imports `create` can choose others, as the tests do.
 * @type {Readonly<Limits>}
 */
export const LIMITS = Object.freeze({
  triggerMs: 20_000, // POST /trigger requests no page after this time
  cronMs: 600_000, // the same for the cron
  answerMs: 25_000, // for one answer of ACE with its body
  answerBytes: 32 * 1024 * 1024, // for one answer of ACE. 100,000 rows are about half of it
  attempts: 3, // per page
  retryMs: 500, // doubles with each attempt. A longer Retry-After of ACE replaces it
  objectBytes: 32 * 1024 * 1024, // for one day, compressed
  logRateLimitMs: 1_100, // R2 accepts one write a second to one object
});
