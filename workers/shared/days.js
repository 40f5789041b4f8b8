/** Days are UTC dates, written YYYY-MM-DD. */

export const DAY_MS = 86_400_000;

/**
 * Returns the UTC date of a time.
 * @param {number} ms since the epoch
 */
export const formatDate = (ms) => new Date(ms).toISOString().slice(0, 10);
