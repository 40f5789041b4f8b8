/**
 * Writes one line of JSON to the worker's log.
 * @param {"log"|"error"} level
 * @param {string} message begins with a tag, as "[Backfill]"
 * @param {object} fields
 */
export const writeLog = (level, message, fields) => console[level](JSON.stringify({ message, ...fields }));
