import { Failure } from "../shared/failure.js";
import { buildObject, Members } from "./day/members.js";
import { countRows, mergeMember } from "./day/merge.js";
import { readAce } from "./day/source.js";
import { confirmObject, getObject, headObject, replaceObject } from "./day/store.js";
import { isDescribed, isMembers, readStored } from "./day/stored_day.js";

/**
 * @typedef {import("./settings.js").Config} Config
 * @typedef {import("./copy_day.js").Day} Day
 * @typedef {import("./copy_day.js").Counters} Counters
 * @typedef {import("../shared/ace/client.js").Client} Client
 * @typedef {import("./day/merge.js").RowCounts} RowCounts
 * @typedef {import("./day/members.js").BuiltObject} BuiltObject
 * @typedef {import("./day/stored_day.js").StoredDay} StoredDay
 * @typedef {{source: "ace"|"stored", dryRun: boolean}} Mode
 * @typedef {{result: "revised"|"unchanged"|"absent"|"unfinished"|"conflict", revision: number, rows: RowCounts}} Revision
 *   `revision` is the new number, or the stored one if nothing changes. 0 for a day without an object
 * @typedef {{rows: RowCounts, stored: StoredDay, object: BuiltObject|undefined}} Draft `object` undefined: nothing changes
 */

/**
 * Reads a day from ACE again and stores the merged rows as a new revision, over the object that was read and no other. A
 * row that only the stored object has is never lost. Where the rows are the same, the same bytes get `checked_at`.
 * @param {Config} config
 * @param {Day} day
 * @param {Client} client
 * @param {{objectBytes: number}} limits
 * @param {Counters} counters updated with each page, and with the rows that a new revision adds or changes
 * @param {Mode} mode `source` "stored" turns format 1 into format 2 without a request to ACE. `dryRun` writes nothing
 * @returns {Promise<Revision>} "conflict" when another writer changed the object meanwhile, "unfinished" when the deadline
 *   came before the last page. In both cases nothing was written
 */
export async function reviseDay(config, day, client, { objectBytes }, counters, { source, dryRun }) {
  const head = await headObject(config, day);
  if (head === null) return { result: "absent", revision: 0, rows: countRows(0) };
  const revision = readNumber(head, "revision", 1);
  const before = countRows(readNumber(head, "samples", 0));
  if (source === "stored" && isMembers(head, day.date)) return { result: "unchanged", revision, rows: before };

  const read = () => readFresh(config, day, client, objectBytes, counters);
  const fresh = source === "ace" ? await read() : undefined;
  if (fresh === "unfinished") return { result: fresh, revision, rows: before };
  const object = await getObject(config, day, head.etag);
  if (object === null) return { result: "conflict", revision, rows: before };
  const stored = await readStored(object, day.date, objectBytes);
  const draft = fresh ? await merge(stored, fresh, day, objectBytes) : await convert(stored, day);

  /** @type {Record<string, string>} */
  const about = source === "ace" ? { checked_at: new Date().toISOString() } : {};
  const next = { etag: head.etag, revision: draft.object ? revision + 1 : revision, about };
  if (!dryRun && !(await write(config, day, draft, next))) return { result: "conflict", revision, rows: before };
  if (!dryRun) counters.samples_written += draft.rows.added + draft.rows.changed;
  return { result: draft.object ? "revised" : "unchanged", revision: next.revision, rows: draft.rows };
}

/**
 * @param {Config} config
 * @param {Day} day
 * @param {Draft} draft
 * @param {{etag: string, revision: number, about: Record<string, string>}} next
 */
async function write(config, day, { object, stored }, next) {
  if (object) return replaceObject(config, day, object, next);
  const { object: head, body } = stored;
  return body !== undefined && confirmObject(config, day, { object: head, body }, next.about);
}

/**
 * @param {R2Object} object
 * @param {string} name of a metadata entry
 * @param {number} other for an entry that is absent or not a number
 */
function readNumber({ customMetadata = {} }, name, other) {
  const text = customMetadata[name] ?? "";
  return /^\d{1,15}$/.test(text) ? Number(text) : other;
}

/**
 * Reads the rows of ACE.
 * @param {Config} config
 * @param {Day} day
 * @param {Client} client
 * @param {number} maxBytes
 * @param {Counters} counters
 */
async function readFresh(config, day, client, maxBytes, counters) {
  const members = new Members(maxBytes);
  try {
    return (await readAce(config, day, client, counters, members)) ? await members.close() : "unfinished";
  } finally {
    await members.abandon();
  }
}

/**
 * Merges the rows of ACE into the stored ones, and frees those of ACE on the way.
 * @param {StoredDay} stored
 * @param {import("./day/members.js").ClosedDay} fresh
 * @param {Day} day
 * @param {number} maxBytes
 * @returns {Promise<Draft>}
 */
async function merge(stored, fresh, { date }, maxBytes) {
  const rows = countRows(0);
  /** @type {import("./day/members.js").ClosedDay} */
  const merged = [];
  for (const [number, member] of stored.members.entries()) {
    merged.push(await mergeMember(member, fresh[number], date, rows));
    fresh[number] = undefined;
  }
  const object = await buildObject(merged);
  if (object.body.size > maxBytes) {
    throw new Failure("storage", `a day exceeds ${maxBytes} bytes compressed. Nothing was written`);
  }
  const isSame = rows.added + rows.changed === 0 && isDescribed(stored.object, object.metadata);
  return { rows, stored, object: isSame ? undefined : object };
}

/**
 * Keeps the rows of an object in format 1.
 * @param {StoredDay} stored
 * @param {Day} day
 * @returns {Promise<Draft>}
 */
async function convert(stored, { date }) {
  if (!stored.closed) throw new Failure("storage", `the object of ${date} does not agree with its own metadata`);
  const object = await buildObject(stored.closed);
  return { rows: countRows(object.samples), stored, object };
}
