import { FORMAT, findMember, parseLengths } from "../../shared/day_object.js";
import { Failure } from "../../shared/failure.js";

/**
 * @typedef {{number: number|undefined, offset: number, length: number}} Member `number` is undefined for format 1, which
 *   has one member
 * @typedef {{offset: number, length: number, members: Member[]}} Span bytes that one request reads
 * @typedef {{spans: Span[], bytes: number, isWhole: boolean}} Plan `isWhole`: all rows of the day are read
 */

const MAX_GAP = 128 * 1024; // bytes between two members that are read rather than another request is made
const MAX_SPANS = 4; // requests for one day. 366 days stay far below Cloudflare's 10,000 requests

/**
 * Decides which bytes of a day are read for these names: a member for each name in format 2, everything in format 1.
 * @param {string} date
 * @param {R2Object} object
 * @param {Iterable<string>|undefined} names undefined for all
 * @returns {Plan}
 */
export function planReads(date, { size, customMetadata = {} }, names) {
  const { format, members: lengths, bytes } = customMetadata;
  if (bytes !== undefined && bytes !== String(size))
    throw new Failure("storage", `the object of ${date} has ${size} bytes, not ${bytes}`);
  if (format === undefined) return plan([{ number: undefined, offset: 0, length: size }], true);
  if (format !== FORMAT) throw new Failure("storage", `the object of ${date} has the unknown format ${format}`);
  const all = locate(lengths);
  if (all === undefined || all.reduce((sum, { length }) => sum + length, 0) !== size)
    throw new Failure("storage", `the object of ${date} has metadata members that do not fit its ${size} bytes`);
  const asked = names && new Set(Array.from(names, findMember));
  const wanted = all.filter((member) => asked?.has(member.number) ?? true);
  return plan(wanted, wanted.length === all.length);
}

/**
 * Returns the members that the object has, with their places.
 * @param {string|undefined} lengths
 */
function locate(lengths) {
  let offset = 0;
  return parseLengths(lengths ?? "")
    ?.map((length, number) => {
      offset += length;
      return { number, length, offset: offset - length };
    })
    .filter(({ length }) => length > 0);
}

/**
 * Joins members that are close, and all members of a day that would need many requests.
 * @param {Member[]} members
 * @param {boolean} isWhole
 * @returns {Plan}
 */
function plan(members, isWhole) {
  let spans = join(members, MAX_GAP);
  if (spans.length > MAX_SPANS) spans = join(members, Infinity);
  return { spans, isWhole, bytes: spans.reduce((sum, { length }) => sum + length, 0) };
}

/**
 * @param {Member[]} members
 * @param {number} maxGap
 */
function join(members, maxGap) {
  /** @type {Span[]} */
  const spans = [];
  for (const member of members) {
    const last = spans.at(-1);
    if (last === undefined || member.offset - (last.offset + last.length) > maxGap)
      spans.push({ offset: member.offset, length: member.length, members: [member] });
    else {
      last.length = member.offset + member.length - last.offset;
      last.members.push(member);
    }
  }
  return spans;
}
