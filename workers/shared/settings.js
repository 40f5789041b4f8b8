/**
 * The rules of the bindings, the same as the program's for the settings that they come from
 * (tests/contract/setting_examples.json has examples). No default replaces an unusable value.
 */
import { formatDate } from "./days.js";

/** @typedef {{name: string, start: string, end: string|undefined}} Site the dates are YYYY-MM-DD, `end` may be undefined */

const MAX_TEXT_BYTES = 5 * 1024; // Cloudflare's limit for a variable
const MAX_NAME = 255; // characters of a site's name
const PAGE_SIZES = ["1000", "5000", "10000", "50000", "100000"]; // ACE stalls with smaller ones, larger ones need too much memory

/**
 * @param {unknown} text
 * @returns {text is string}
 */
const isText = (text) => typeof text === "string" && new TextEncoder().encode(text).byteLength <= MAX_TEXT_BYTES;

/** @param {unknown} text */
export const isKey = (text) => typeof text === "string" && text.trim() !== "";

/** @param {unknown} text */
const isSiteName = (text) => typeof text === "string" && text.length <= MAX_NAME && /^[\w-][\w.-]*$/.test(text);

/** @param {unknown} text */
export const isQueueName = (text) => isText(text) && /^[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$/.test(text);

/** @param {unknown} text */
export const isPageSize = (text) => isText(text) && PAGE_SIZES.includes(text);

/**
 * A whole number between two others, written without a sign or a leading zero.
 * @param {unknown} text
 * @param {number} first
 * @param {number} last
 */
export const isNumber = (text, first, last) =>
  isText(text) && /^(0|[1-9]\d{0,3})$/.test(text) && Number(text) >= first && Number(text) <= last;

/**
 * A date from the year 1 on, as YYYY-MM-DD.
 * @param {unknown} text
 */
export function isDate(text) {
  if (!isText(text) || !/^(?!0000)\d{4}-\d\d-\d\d$/.test(text)) return false;
  const ms = Date.parse(text);
  return !Number.isNaN(ms) && formatDate(ms) === text; // JavaScript reads 30 February as 1 March
}

/**
 * @param {any} item one site of a binding
 * @returns {Site|undefined} undefined for one that breaks the rule
 */
function readSite(item) {
  if (typeof item !== "object" || item === null) return undefined;
  const { name, startDate: start, endDate, ...others } = item;
  const end = endDate ?? undefined;
  const isUsable = isSiteName(name) && isDate(start) && (end === undefined || (isDate(end) && !(end < start)));
  return isUsable && Object.keys(others).length === 0 ? { name, start, end } : undefined;
}

/**
 * Reads the bindings SITES, SITES_2, … with a JSON array of whole sites each.
 * @param {any} env
 * @returns {{sites: Site[], unusable: string[]}} no sites unless all bindings can be used. Their names differ
 */
export function readSites(env) {
  const { SITES: first } = env;
  const texts = new Map([["SITES", first]]);
  for (let name = "SITES_2"; env[name] !== undefined; name = `SITES_${texts.size + 1}`) texts.set(name, env[name]);
  /** @type {Site[]} */
  const sites = [];
  const names = new Set();
  for (const [binding, text] of texts) {
    const found = parseSites(text);
    for (const site of found ?? []) names.add(site.name);
    if (found) sites.push(...found);
    if (!found || names.size !== sites.length) return { sites: [], unusable: [binding] };
  }
  return { sites, unusable: [] };
}

/** @type {Map<unknown, Site[]|undefined>} */
const parsed = new Map(); // each message of the queue has the same bindings

/**
 * @param {unknown} text
 * @returns {Site[]|undefined}
 */
function parseSites(text) {
  if (!parsed.has(text)) parsed.set(text, parseText(text));
  return parsed.get(text);
}

/**
 * @param {unknown} text
 * @returns {Site[]|undefined}
 */
function parseText(text) {
  let items;
  try {
    items = isText(text) ? JSON.parse(text) : undefined;
  } catch {} // not JSON, and so not a list of sites
  if (!Array.isArray(items) || items.length === 0) return undefined;
  const sites = items.map(readSite);
  return sites.every((site) => site !== undefined) ? sites : undefined;
}

/**
 * An https URL in ASCII without user, query, fragment or slash at its end. Plain http is for this machine only.
 * @param {unknown} text
 */
export function isBaseUrl(text) {
  if (!isText(text) || /[^!-~]|[?#\\]|\/$/.test(text) || !URL.canParse(text)) return false;
  const [, scheme, host] = /^(https?):\/\/([^/@]+?)(?::\d*)?(?:\/.*)?$/i.exec(text) ?? [];
  if (scheme === undefined || new URL(text).port === "0") return false;
  return scheme.toLowerCase() === "https" || isLoopback(host);
}

/**
 * Looks at the text itself, because the URL parser turns 127.1 into 127.0.0.1.
 * @param {string} host
 */
function isLoopback(host) {
  if (/^localhost$/i.test(host)) return true;
  return host.startsWith("[") ? new URL(`http://${host}`).hostname === "[::1]" : /^127(\.(0|[1-9]\d*)){3}$/.test(host);
}

/**
 * `{site}` before `{date}`, each once, with text between them. No part of the path is empty, "." or "..". The keys do
 * not begin with `_control/`, which holds the run log.
 * @param {unknown} text
 */
export function isKeyTemplate(text) {
  if (!isText(text) || !/^[\w./=-]*\{site\}[\w./=-]+\{date\}[\w./=-]*$/.test(text)) return false;
  return !/^_control\/|(^|\/)(\/|\.{1,2}(\/|$))/.test(text);
}

/**
 * Cloudflare's description of the running version. Without its id no object could say which version wrote it.
 * @param {any} metadata
 */
export const isVersion = (metadata) => typeof metadata?.id === "string" && metadata.id !== "";

/**
 * @param {any} bucket
 * @param {string[]} methods
 */
export const isBucket = (bucket, methods) => methods.every((method) => typeof bucket?.[method] === "function");

/**
 * Returns the names of the bindings that cannot be used.
 * @param {Record<string, boolean>} usable
 */
export const listUnusable = (usable) => Object.entries(usable).flatMap(([name, isUsable]) => (isUsable ? [] : [name]));
