/**
 * @typedef {import("../shared/ace/client.js").RequestLimits & {triggerMs: number, consumerMs: number, replaceMs: number,
 *   leaseMs: number, objectBytes: number, deliveries: number, outstanding: number, rechecks: number, planMs: number, logRateLimitMs: number}} Limits
 */

const MINUTE_MS = 60_000;

/**
 * The limits of a run. They are not settings: only a module that imports `create` can choose others, as the tests do.
 * @type {Readonly<Limits>}
 */
export const LIMITS = Object.freeze({
  triggerMs: 20_000, // POST /trigger requests no page after this time
  consumerMs: 12 * MINUTE_MS, // the same for a message of the queue. Cloudflare ends a consumer after 15 minutes
  replaceMs: 5 * MINUTE_MS, // the same for POST /replace
  leaseMs: MINUTE_MS, // a lease ends so long after the time above, so it lasts as long as its holder can run
  answerMs: 25_000, // for one answer of ACE with its body
  answerBytes: 32 * 1024 * 1024, // for one answer of ACE. 100,000 rows are about half of it
  attempts: 3, // per page
  retryMs: 500, // doubles with each attempt. A longer Retry-After of ACE replaces it
  waitMs: 30_000, // a longer pause ends the run, and the queue delivers the day again later
  objectBytes: 32 * 1024 * 1024, // for one day, compressed
  deliveries: 5, // of a message. The program declares max_retries 4
  outstanding: 500, // days in the queue
  rechecks: 100, // of them
  planMs: 6 * 60 * MINUTE_MS, // a day counts as being in the queue for so long
  logRateLimitMs: 1_100, // R2 accepts one write a second to one object
});
