import { isDate } from "../../shared/settings.js";
import { isDue } from "./due.js";

/**
 * @typedef {{site: string, date: string, what: "copy"|"recheck"|"replace"}} Order
 */

const KINDS = ["copy", "recheck", "replace"];

/**
 * Reads a message. Returns the reason to drop it as a text, because a message is a hint: the planner plans anew.
 * @param {any} body
 * @param {import("../settings.js").Config} config
 * @param {number} at in ms
 * @returns {Order|string}
 */
export function readMessage(body, config, at) {
  const { v, site, day: date, what } = body ?? {};
  if (v !== 1 || typeof site !== "string" || !isDate(date) || !KINDS.includes(what)) {
    return "it is not a message of version 1";
  }
  const declared = config.sites.find(({ name }) => name === site);
  if (declared === undefined) return "its site is not declared";
  return isDue(declared, date, config, at) ? { site, date, what } : "its day is not due";
}
