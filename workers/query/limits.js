import { DAY_MS } from "../shared/days.js";

/** @typedef {{budgetMs: number, rangeMs: number, points: number, lineLength: number, chunkLength: number}} Limits */

/**
 * The limits of an answer. They are not settings: only a module that imports `create` can choose others, as the tests do.
 * @type {Readonly<Limits>}
 */
export const LIMITS = Object.freeze({
  budgetMs: 10_000, // from the request to the last byte
  rangeMs: 31 * DAY_MS,
  points: 100, // names in one request
  lineLength: 64 * 1024, // characters. One sample is about a hundred
  chunkLength: 64 * 1024, // characters of the answer that are sent at once
});
