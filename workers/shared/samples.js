/** The stored form of a sample: one line of NDJSON. The backfill worker writes it, the query worker reads it. */
import { Failure } from "./failure.js";

const [BEFORE, AFTER] = ['{"point_name":"', '","timestamp":']; // the text around a name

/**
 * Returns a sample's line, with the line end.
 * @param {string} point the name as JSON
 * @param {number} ms
 * @param {string} value as ACE sends it
 */
export const formatSample = (point, ms, value) =>
  `{"point_name":${point},"timestamp":${ms},"value":${jsonValue(value)}}\n`;

/**
 * Returns a value as JSON: a number with all its digits, any other text as a string.
 * @param {string} text
 */
function jsonValue(text) {
  const isNumber = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text) && Number.isFinite(Number(text));
  return isNumber ? text.replace(/^(-?)0+(?=\d)/, "$1") : JSON.stringify(text); // JSON has no leading zeros
}

/**
 * Returns the name of a line in its stored form without parsing the line, undefined for a line of another form.
 * @param {string} text that has the line
 * @param {number} [from]
 * @param {number} [to] the line's end
 */
export function findName(text, from = 0, to = text.length) {
  const start = from + BEFORE.length;
  const end = text.startsWith(BEFORE, from) ? text.indexOf(AFTER, start) : -1;
  return end < 0 || end > to ? undefined : text.slice(start, end);
}

/**
 * Returns the name and time of a line. Throws a Failure when the line is not a sample.
 * @param {string} line
 * @param {string} date of the object, for the message
 */
export function parseSample(line, date) {
  let sample;
  try {
    sample = JSON.parse(line);
  } catch {} // refused below
  const { point_name: name, timestamp, value } = sample ?? {};
  const isValue = value === null || ["number", "string", "boolean"].includes(typeof value);
  if (typeof name === "string" && Number.isSafeInteger(timestamp) && isValue) return { name, timestamp };
  throw new Failure("storage", `the object of ${date} holds a line that is not a sample`);
}
