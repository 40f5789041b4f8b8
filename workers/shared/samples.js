/** The stored form of a sample: one line of NDJSON. The backfill worker writes it, the query worker reads it. */
import { Failure } from "./failure.js";

const [BEFORE, AFTER] = ['{"point_name":"', '","timestamp":']; // the text around a name
const VALUE = ',"value":';
const PLAIN_NUMBER = /^-?(?:0|[1-9]\d{0,99})(?:\.\d{1,99})?$/; // most values. The others need more tests

/** A JSON number with the text that ACE sent, because a number of JavaScript has not all its digits. */
export class JsonNumber {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
  }
}

/**
 * Returns the begin of the lines of a point.
 * @param {string} point
 */
export const formatName = (point) => `${BEFORE}${JSON.stringify(point).slice(1, -1)}${AFTER}`;

/**
 * Returns the part of a line between the name and the value.
 * @param {number} ms
 */
export const formatTime = (ms) => `${ms}${VALUE}`;

/**
 * Returns a value of ACE as JSON, undefined for an object or a list. A text that is a number becomes that number with all
 * its digits.
 * @param {unknown} value
 */
export function formatValue(value) {
  if (typeof value === "string") return PLAIN_NUMBER.test(value) ? value : formatText(value);
  if (value instanceof JsonNumber) return value.text;
  return value === null || typeof value === "boolean" ? String(value) : undefined;
}

/** @param {string} text */
function formatText(text) {
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

/**
 * Splits a line in its stored form without parsing it: the name as JSON, the text of the line up to the value, the time
 * in ms and the value as JSON. Returns undefined for a line of another form.
 * @param {string} line
 */
export function splitLine(line) {
  const name = findName(line);
  if (name === undefined || !line.endsWith("}")) return undefined;
  const from = BEFORE.length + name.length + AFTER.length;
  const to = line.indexOf(VALUE, from);
  const ms = /^-?\d{1,16}$/.test(line.slice(from, to)) ? Number(line.slice(from, to)) : NaN;
  if (to < 0 || Number.isNaN(ms)) return undefined;
  const head = line.slice(0, to + VALUE.length);
  return { name: `"${name}"`, head, ms, value: line.slice(head.length, -1) };
}
