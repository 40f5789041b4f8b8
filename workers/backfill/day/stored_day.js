/** Reads the object of a day, of either format, as members. */
import { FORMAT, formatHex, parseLengths } from "../../shared/day_object.js";
import { Failure } from "../../shared/failure.js";
import { readLines, split } from "./lines.js";
import { Members } from "./members.js";

/**
 * @typedef {import("./members.js").ClosedDay} ClosedDay
 * @typedef {{body: Blob}|undefined} StoredMember undefined without rows
 * @typedef {{object: R2Object, body: Blob|undefined, members: StoredMember[], closed: ClosedDay|undefined}} StoredDay
 *   `body` has the bytes of format 2, `closed` the rows of an object in format 1 that agrees with its own metadata
 */

/**
 * Returns whether an object has format 2. An object of another format than 1 and 2 is refused.
 * @param {R2Object} object
 * @param {string} date
 */
export function isMembers({ customMetadata: { format } = {} }, date) {
  if (format === undefined || format === FORMAT) return format === FORMAT;
  throw new Failure("storage", `the object of ${date} has a format that this version does not know`);
}

/**
 * @param {R2ObjectBody} object
 * @param {string} date
 * @param {number} maxBytes
 * @returns {Promise<StoredDay>}
 */
export const readStored = (object, date, maxBytes) =>
  isMembers(object, date) ? sliceMembers(object, date) : splitObject(object, date, maxBytes);

/**
 * Returns whether an object has all of these metadata.
 * @param {R2Object} object
 * @param {Record<string, string>} metadata
 */
export const isDescribed = ({ customMetadata = {} }, metadata) =>
  Object.entries(metadata).every(([name, text]) => customMetadata[name] === text);

/**
 * @param {R2ObjectBody} object in format 2
 * @param {string} date
 * @returns {Promise<StoredDay>}
 */
async function sliceMembers(object, date) {
  const lengths = parseLengths(object.customMetadata?.members ?? "");
  if (lengths?.reduce((sum, length) => sum + length, 0) !== object.size) {
    throw new Failure("storage", `the object of ${date} does not have the size that its metadata says`);
  }
  const body = await object.blob();
  let end = 0;
  const members = lengths.map((length) => {
    end += length;
    return length > 0 ? { body: body.slice(end - length, end) } : undefined;
  });
  return { object, body, members, closed: undefined };
}

/**
 * Reads the rows of an object in format 1 into members.
 * @param {R2ObjectBody} object
 * @param {string} date
 * @param {number} maxBytes
 * @returns {Promise<StoredDay>}
 */
async function splitObject(object, date, maxBytes) {
  const members = new Members(maxBytes);
  const stream = new crypto.DigestStream("SHA-256");
  stream.digest.catch(() => {}); // awaited below, unless the object cannot be read
  const digest = stream.getWriter();
  /** @type {Map<string, import("./member.js").Member>} by the name as JSON */
  const known = new Map();
  let samples = 0;
  try {
    for await (const lines of readLines(object.body, date, (bytes) => digest.write(bytes))) {
      samples += lines.length;
      for (const line of lines) {
        const { name, ms } = split(line, date);
        const member = known.get(name) ?? members.openFor(JSON.parse(name));
        known.set(name, member);
        member.addLine(line, ms);
      }
      await members.flush();
    }
    await digest.close();
    const closed = await members.close();
    const isIntact = isDescribed(object, { samples: `${samples}`, sha256: formatHex(await stream.digest) });
    return { object, body: undefined, members: closed, closed: isIntact ? closed : undefined };
  } finally {
    await members.abandon();
  }
}
