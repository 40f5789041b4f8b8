import { DAY_MS } from "../shared/days.js";

const MIB = 1024 * 1024;

/**
 * @typedef {{budgetMs: number, rangeMs: number, points: number, requests: number, rangeBytes: number,
 *   aheadBytes: number, lineLength: number, chunkLength: number}} Limits
 */

/**
 * The limits of an answer. They are not settings: only a module that imports `create` can choose others, as the tests do.
 * @type {Readonly<Limits>}
 */
export const LIMITS = Object.freeze({
  budgetMs: 10_000, // from the request to the last byte
  rangeMs: 366 * DAY_MS,
  points: 100, // names in one request
  requests: 6, // to R2 at once. Cloudflare lets a worker wait for six answers
  rangeBytes: 32 * MIB, // of one day, compressed. The backfill worker stores no larger day
  aheadBytes: 16 * MIB, // of days that are read before their turn, compressed
  lineLength: 64 * 1024, // characters. One sample is about a hundred
  chunkLength: 64 * 1024, // characters of the answer that are sent at once
});
