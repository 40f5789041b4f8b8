/** The members of a day's object in format 2 (docs/reference/day-object.md). contract/day_object.py has the same rules. */

export const FORMAT = "2";
export const MEMBERS = 64;

const utf8 = new TextEncoder();
const LENGTH = /^(0|[1-9a-z][0-9a-z]{0,9})$/;

/**
 * Returns the member that has the rows of a point: FNV-1a-32 of the last segment of its name, modulo MEMBERS.
 * @param {string} name
 */
export function findMember(name) {
  let code = 0x811c9dc5;
  for (const byte of utf8.encode(name.slice(name.lastIndexOf("/") + 1))) code = Math.imul(code ^ byte, 0x01000193);
  return (code >>> 0) % MEMBERS;
}

/**
 * Returns the compressed length of each member from the metadata entry `members`, undefined for another text. The length 0
 * means that the member is left out.
 * @param {string} text
 */
export function parseLengths(text) {
  const lengths = text.split(",");
  const isValid = lengths.length === MEMBERS && lengths.every((length) => LENGTH.test(length));
  return isValid ? lengths.map((length) => Number.parseInt(length, 36)) : undefined;
}

/** @param {number[]} lengths */
export const formatLengths = (lengths) => lengths.map((length) => length.toString(36)).join(",");

/** @param {ArrayBuffer} buffer */
export const formatHex = (buffer) =>
  Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");

/**
 * Returns the metadata entry `sha256` from the SHA-256 of each member's text. A member that is left out counts as the
 * digest of nothing.
 * @param {(ArrayBuffer|undefined)[]} digests
 */
export async function combineDigests(digests) {
  const nothing = await crypto.subtle.digest("SHA-256", new Uint8Array());
  return formatHex(
    await crypto.subtle.digest("SHA-256", await new Blob(digests.map((digest) => digest ?? nothing)).arrayBuffer()),
  );
}
