/** Calendar arithmetic: the days that are due, and the days that must be read from ACE once more. */
import { DAY_MS, formatDate } from "../../shared/days.js";

/**
 * @typedef {import("../settings.js").Site} Site
 * @typedef {{settleHours: number, recheckDays: number}} Rules
 */

const HOUR_MS = 3_600_000;
/** @type {Map<number, string>} */
const dates = new Map();
/** @type {Map<string, number>} */
const times = new Map();

/**
 * Lists the due days of a site, oldest first: those that ended so many hours ago.
 * @param {Pick<Site, "start"|"end">} site
 * @param {Pick<Rules, "settleHours">} rules
 * @param {number} at in ms
 */
export function listDueDays({ start, end }, { settleHours }, at) {
  const newest = formatDate(at - settleHours * HOUR_MS - DAY_MS);
  const last = Date.parse(end === undefined || end > newest ? newest : end);
  const days = [];
  for (let ms = Date.parse(start); ms <= last; ms += DAY_MS) days.push(nameDate(ms));
  return days;
}

/**
 * Returns the date of a time. Each date is formatted once, because the sites have the same ones.
 * @param {number} ms
 */
function nameDate(ms) {
  const known = dates.get(ms) ?? formatDate(ms);
  dates.set(ms, known);
  return known;
}

/**
 * Returns the begin of a date in ms. Each date is parsed once.
 * @param {string} date
 */
function parseTime(date) {
  const known = times.get(date) ?? Date.parse(date);
  times.set(date, known);
  return known;
}

/**
 * Returns whether a day is one of the due days of a site.
 * @param {Pick<Site, "start"|"end">} site
 * @param {string} date
 * @param {Pick<Rules, "settleHours">} rules
 * @param {number} at in ms
 */
export function isDue({ start, end }, date, { settleHours }, at) {
  const isDeclared = date >= start && (end === undefined || date <= end);
  return isDeclared && at >= Date.parse(date) + DAY_MS + settleHours * HOUR_MS;
}

/**
 * Returns whether a stored day must be read from ACE once more: the time of its re-check has come, and the object is
 * older than that time.
 * @param {string} date
 * @param {number} uploaded in ms
 * @param {Pick<Rules, "recheckDays">} rules
 * @param {number} at in ms
 */
export function needsRecheck(date, uploaded, { recheckDays }, at) {
  const from = parseTime(date) + (1 + recheckDays) * DAY_MS;
  return recheckDays > 0 && at >= from && uploaded < from;
}
