/** Days are UTC dates, written YYYY-MM-DD. */

export const DAY_MS = 86_400_000;

/**
 * Returns the UTC date of a time.
 * @param {number} ms since the epoch
 */
export const formatDate = (ms) => new Date(ms).toISOString().slice(0, 10);

/**
 * Returns the days from `start` to `end`, both included, oldest first. Today and later days are never among them.
 * @param {{start: string, end: string|undefined}} range `end` undefined means yesterday
 */
export function listDays({ start, end }) {
  const yesterday = formatDate(Date.now() - DAY_MS);
  const last = Date.parse(end === undefined || end > yesterday ? yesterday : end);
  const days = [];
  for (let ms = Date.parse(start); ms <= last; ms += DAY_MS) days.push(formatDate(ms));
  return days;
}
