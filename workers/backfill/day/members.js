import { combineDigests, FORMAT, findMember, formatLengths, MEMBERS } from "../../shared/day_object.js";
import { Failure } from "../../shared/failure.js";
import { Member } from "./member.js";

/**
 * @typedef {import("./member.js").Closed} Closed
 * @typedef {(Closed|undefined)[]} ClosedDay the members of a day, undefined for one without rows
 * @typedef {{body: Blob, metadata: Record<string, string>, samples: number}} BuiltObject
 */

/** The members of a day that is written. They stay in memory, compressed, because R2 needs the length of an object. */
export class Members {
  /** @type {(Member|undefined)[]} */
  #members = Array.from({ length: MEMBERS }, () => undefined);
  #size = 0;

  /** @param {number} maxBytes compressed, for the whole day */
  constructor(maxBytes) {
    this.maxBytes = maxBytes;
  }

  /**
   * Returns the member with this number, a new one for its first row.
   * @param {number} number
   */
  open(number) {
    const member = this.#members[number] ?? new Member((bytes) => this.#keepsChunk(bytes));
    this.#members[number] = member;
    return member;
  }

  /**
   * Returns the member of a point that was not seen before.
   * @param {string} name
   */
  openFor(name) {
    const member = this.open(findMember(name));
    member.points += 1;
    return member;
  }

  /**
   * Returns whether a compressed chunk is kept. Beyond the limit chunks are dropped, so that the writers can end.
   * @param {number} bytes
   */
  #keepsChunk(bytes) {
    this.#size += bytes;
    return this.#size <= this.maxBytes;
  }

  #refuseTooLarge() {
    if (this.#size <= this.maxBytes) return;
    throw new Failure("storage", `a day exceeds ${this.maxBytes} bytes compressed. Nothing was written`);
  }

  /** Compresses the rows so far, as far as that is worth its time. */
  async flush() {
    for (const member of this.#members) await member?.flush();
    this.#refuseTooLarge();
  }

  /** @returns {Promise<ClosedDay>} */
  async close() {
    /** @type {ClosedDay} */
    const day = [];
    for (const member of this.#members) day.push(await member?.close());
    this.#refuseTooLarge();
    return day;
  }

  /** Frees the memory of a day that is not written. */
  abandon = () => Promise.all(this.#members.map((member) => member?.abandon()));
}

/**
 * Returns the object of a day and the metadata that follow from its rows. A day without rows is one member of nothing, so that
 * gunzip can read it.
 * @param {ClosedDay} day
 * @returns {Promise<BuiltObject>}
 */
export async function buildObject(day) {
  const filled = day.filter((member) => member !== undefined);
  const nothing = filled.length === 0 ? await new Member(() => true).close() : undefined;
  const bodies = day.map((member, number) => (number === 0 ? (member ?? nothing) : member)?.body);
  const body = new Blob(bodies.filter((part) => part !== undefined));
  const samples = filled.reduce((sum, member) => sum + member.samples, 0);
  /** @type {Record<string, string>} */
  const metadata = {
    format: FORMAT,
    members: formatLengths(bodies.map((part) => part?.size ?? 0)),
    bytes: `${body.size}`,
    samples: `${samples}`,
    points: `${filled.reduce((sum, member) => sum + member.points, 0)}`,
    sha256: await combineDigests(day.map((member) => member?.digest)),
  };
  if (samples > 0) {
    metadata.first = `${Math.min(...filled.map(({ first }) => first))}`;
    metadata.last = `${Math.max(...filled.map(({ last }) => last))}`;
  }
  return { body, metadata, samples };
}
