/**
 * The promises that hold after each operation. A broken one becomes a sentence in `violations`, and the simulation goes on.
 * The rule for merged rows is written here once more, apart from the worker's.
 */
import { gunzipSync } from "node:zlib";

const LEASES = "_control/backfill/leases/";
const FAILURES = "_control/backfill/failures/";
const PLAN = "_control/backfill/plan.json";
const PLANNED_MS = 6 * 3_600_000; // an entry of the plan counts so long

/** Returns the rows of an object as text: {"name|time": [value, ...sorted]}. */
export function readRows(bytes) {
  const rows = new Map();
  for (const line of gunzipSync(bytes).toString().split("\n").slice(0, -1)) {
    const { point_name: name, timestamp, value } = JSON.parse(line);
    add(rows, `${name}|${timestamp}`, `${value}`);
  }
  return rows;
}

/** Returns ACE's rows in the same form, without those that belong to the next day. */
export function acceptedRows(served, date) {
  const [rows, end] = [new Map(), Date.parse(date) + 86_400_000];
  for (const { name, time, value } of served) {
    const at = Date.parse(`${time}Z`);
    if (at < end) add(rows, `${name}|${at}`, `${value}`);
  }
  return rows;
}

function add(rows, place, value) {
  rows.set(place, [...(rows.get(place) ?? []), value].sort());
}

/** The merge rule: ACE's rows of a point and time, unless ACE has fewer there. Then all rows of both. */
export function merge(stored, ace) {
  const result = new Map(ace);
  for (const [place, values] of stored) {
    const others = ace.get(place) ?? [];
    result.set(place, others.length >= values.length ? others : union(values, others));
  }
  return result;
}

function union(values, others) {
  const rest = [...others];
  for (const value of values) {
    const index = rest.indexOf(value);
    if (index >= 0) rest.splice(index, 1);
  }
  return [...values, ...rest].sort();
}

export const show = (rows) => JSON.stringify([...rows].sort(([one], [other]) => (one < other ? -1 : 1)));

export class Watch {
  /**
   * @param {{world: object, r2: object, ace: object, queues: object, outstanding: number}} parts
   * @param {(key: string) => string|undefined} dayOf the "site/date" of an object's key
   */
  constructor({ world, r2, ace, queues, outstanding }, dayOf) {
    Object.assign(this, { world, r2, queues, outstanding, dayOf });
    this.violations = [];
    this.failed = new Map(); // day -> the time of its newest failure record, which the planner may have deleted since
    this.planned = new Map(); // planner -> the plan that it wrote last
    this.forgotten = 0; // messages with an earlier id are no longer in the plan
    r2.watchers.push((...change) => this.#changed(...change));
    ace.watchers.push({ asked: (...about) => this.#asked(...about), answered: (...about) => this.#answered(...about) });
    queues.onSend = (messages) => this.#sent(messages);
  }

  report(text) {
    const { id = 0, kind = "driver" } = this.world.current ?? {};
    this.violations.push(`${text} (${kind} ${id}, ${new Date(Math.floor(this.world.now)).toISOString()})`);
  }

  /** Returns the lease of a day that has not expired, undefined if there is none. */
  #lease(day) {
    const found = this.r2.objects.get(LEASES + day);
    return found && Date.parse(JSON.parse(found.bytes).expires_at) > this.world.now ? found : undefined;
  }

  #asked(day, process) {
    if (this.#lease(day)?.writer !== process) this.report(`${day} is requested from ACE without its lease`);
  }

  /** A page replaces the one of the same cursor, because its answer may have been lost. */
  #answered(day, process, { cursor, page, more }) {
    const pages = cursor === null ? new Map() : (process.reads.get(day)?.pages ?? new Map());
    pages.set(cursor, page);
    process.reads.set(day, { pages, complete: !more });
  }

  #changed(key, before, after) {
    if (this.world.current === undefined) return; // the object was there before the simulation
    if (key === PLAN && after === undefined) this.forgotten = this.world.ids; // a resume plans anew
    if (key === PLAN && after) this.planned.set(after.writer, after);
    if (key.startsWith(FAILURES) && after) this.failed.set(key.slice(FAILURES.length, -5), after.now);
    if (key.startsWith(LEASES)) return this.#leased(key.slice(LEASES.length), before, after);
    const day = this.dayOf(key);
    if (day === undefined) return;
    if (after === undefined) return this.report(`${day} is deleted`);
    this.#stored(day, before, after, after.writer?.reads.get(day));
  }

  #leased(day, before, after) {
    const held = before && Date.parse(JSON.parse(before.bytes).expires_at) > this.world.now;
    if (!held || before.writer === this.world.current) return;
    this.report(after ? `the lease of ${day} is taken from its holder` : `the lease of ${day} is deleted, and not by its holder`);
  }

  #stored(day, before, after, read) {
    const rows = readRows(after.bytes);
    const served = read?.complete ? acceptedRows([...read.pages.values()].flat(), day.slice(-10)) : undefined;
    if (before === undefined) {
      if (served === undefined || show(rows) !== show(served)) this.report(`${day} is stored with other rows than ACE sent`);
      return;
    }
    const old = readRows(before.bytes);
    const isRewritten = show(rows) === show(old) && served === undefined; // format 1 becomes format 2
    if (!isRewritten && (served === undefined || show(rows) !== show(merge(old, served)))) {
      this.report(`${day} is replaced by other rows than those of the merge rule`);
    }
    const [one, other] = [before, after].map(({ customMetadata }) => Number(customMetadata.revision ?? 1));
    const grows = show(rows) !== show(old) || before.customMetadata.format !== after.customMetadata.format;
    if (!grows && after.customMetadata.checked_at === undefined) this.report(`${day} is stored twice`);
    if (other !== one + (grows ? 1 : 0)) this.report(`revision ${one} of ${day} becomes ${other}`);
  }

  #sent(messages) {
    if (this.world.current.id <= this.forgotten) {
      for (const message of messages) message.isDoubled = true; // the planner began before the plan was deleted
      return;
    }
    const plan = this.r2.objects.get(PLAN);
    const days = plan ? JSON.parse(plan.bytes).days : {};
    const names = Object.keys(days);
    if (names.length > this.outstanding) this.report(`the plan has ${names.length} entries`);
    for (const { body } of messages) {
      const day = `${body.site}/${body.day}`;
      if (!Object.hasOwn(days, day) && !this.#storedSincePlanned(day)) this.report(`${day} is enqueued and not planned`);
    }
    this.#checkTwice();
  }

  /** Whether an older message stored the day after the present planner wrote it into the plan. The new one is dropped. */
  #storedSincePlanned(day) {
    const plan = this.planned.get(this.world.current);
    const stored = [...this.r2.objects.values()].find(({ key }) => this.dayOf(key) === day);
    return plan !== undefined && Object.hasOwn(JSON.parse(plan.bytes).days, day) && stored?.now >= plan.now;
  }

  /** A day has one message of the planner at most, within the time in which an entry of the plan counts. */
  #checkTwice() {
    const seen = new Set();
    for (const { body, origin, isDoubled } of this.queues.waiting.days.values()) {
      if (isDoubled || origin.id <= this.forgotten || this.world.now - origin.at > PLANNED_MS) continue;
      const day = `${body.site}/${body.day}`;
      if (this.#failedSince(day, origin.at)) continue; // POST /trigger tried the day meanwhile
      if (seen.has(day)) this.report(`${day} is enqueued twice`);
      seen.add(day);
    }
  }

  #failedSince(day, at) {
    return (this.failed.get(day) ?? -Infinity) >= at;
  }
}
