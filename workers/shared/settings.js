/**
 * The rules of the bindings, the same as the program's for the settings that they come from
 * (tests/contract/setting_examples.json has examples). No default replaces an unusable value.
 */
import { formatDate } from "./days.js";

const MAX_TEXT_BYTES = 5 * 1024; // Cloudflare's limit for a variable
const PAGE_SIZES = ["1000", "5000", "10000", "50000", "100000"]; // ACE stalls with smaller ones, larger ones need too much memory

/**
 * @param {unknown} text
 * @returns {text is string}
 */
const isText = (text) => typeof text === "string" && new TextEncoder().encode(text).byteLength <= MAX_TEXT_BYTES;

/** @param {unknown} text */
export const isKey = (text) => typeof text === "string" && text.trim() !== "";

/** @param {unknown} text */
export const isSite = (text) => isText(text) && /^[\w-][\w.-]*$/.test(text);

/** @param {unknown} text */
export const isPageSize = (text) => isText(text) && PAGE_SIZES.includes(text);

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
