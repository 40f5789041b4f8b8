/**
 * ACE and the copying of days for the simulation of scale. A day is a number of rows on a number of pages. The times and the
 * answers of its pages are computed one after the other, with the retries of workers/shared/ace/client.js, and pass as one
 * operation. A kill within it counts the requests that were made by then. So millions of pages take minutes.
 */
import { Failure } from "../../../../workers/shared/failure.js";
import { keyOf } from "../system.mjs";

const BODY = 40; // bytes: more than an empty day has
const LATE_EVERY = 5; // days: one of them gets rows after it is due
const LATE_HOURS = 30; // after the end of the day
const HOUR = 3_600_000;

const hash = (text) => [...text].reduce((sum, letter) => Math.imul(sum ^ letter.charCodeAt(0), 0x01000193) >>> 0, 0x811c9dc5);
const unavailable = (pauseMs) => new Failure("upstream_unavailable", "ACE answered 503 or 429", pauseMs);

export class LargeAce {
  /**
   * @param {object} world
   * @param {{pages: number, pageMs: number, limitedShare: number, retryAfterMs: number, outages: [number, number][],
   *   bad: Set<string>}} script `outages` are times from and to, in ms
   */
  constructor(world, script) {
    Object.assign(this, { world, ...script });
    this.requests = { data: 0, limited: 0, outage: 0, bad: 0 };
  }

  /** The rows that ACE has of a day at this moment. */
  rows(day) {
    const late = hash(day) % LATE_EVERY === 0 ? 7 : 0;
    const isThere = this.world.now >= Date.parse(day.slice(-10)) + (24 + LATE_HOURS) * HOUR;
    return 500_000 + (hash(day) % 1000) + (isThere ? late : 0);
  }

  /** Returns the kind of the answer to a request that ends at a time. */
  #kindAt(day, at) {
    if (this.outages.some(([from, to]) => from <= at && at < to)) return "outage";
    if (this.world.random() < this.limitedShare) return "limited";
    return this.bad.has(day) ? "bad" : "data";
  }

  /**
   * Computes the requests of a day: the time and the kind of each, the end, and the failure if there is one.
   * @returns {{requests: [number, string][], end: number, result: "complete"|"unfinished"|Failure}}
   */
  #compute(day, { deadline, limits }) {
    const requests = [];
    let at = this.world.now;
    for (let page = 1, attempt = 1; page <= this.pages; ) {
      if (attempt === 1 && at >= deadline) return { requests, end: at, result: "unfinished" };
      const end = at + this.pageMs * (0.8 + 0.4 * this.world.random());
      const kind = this.#kindAt(day, end);
      requests.push([at, kind]);
      at = end;
      if (kind === "bad") return { requests, end, result: new Failure("upstream_contract", "a row is outside the window") };
      if (kind === "data") [page, attempt] = [page + 1, 1];
      else {
        const retryAfterMs = kind === "limited" ? this.retryAfterMs : 0;
        const wait = Math.max(retryAfterMs, limits.retryMs * 2 ** (attempt - 1));
        const isTooLong = wait > limits.waitMs || at + wait >= deadline;
        if (attempt === limits.attempts || isTooLong) return { requests, end, result: unavailable(retryAfterMs) };
        [at, attempt] = [at + wait, attempt + 1];
      }
    }
    return { requests, end: at, result: "complete" };
  }

  /** Reads all pages of a day. Returns undefined when the deadline comes first. */
  async #read(day, client) {
    const rows = this.rows(day);
    const { requests, end, result } = this.#compute(day, client);
    const count = () => {
      for (const [at, kind] of requests) if (at <= this.world.now) this.requests[kind] += 1;
    };
    await this.world.operate(`ace ${day}`, count, end - this.world.now, count);
    if (result instanceof Failure) throw result;
    return result === "complete" ? rows : undefined;
  }

  /** The parts of the worker that this ACE replaces. */
  get parts() {
    return {
      copyDay: async ({ bucket, version }, { site, date }, client, _limits, counters) => {
        const rows = await this.#read(`${site.name}/${date}`, client);
        if (rows === undefined) return "unfinished";
        const stored = await put(bucket, keyOf(site.name, date), rows, 1, version, { etagDoesNotMatch: "*" });
        counters.samples_written += stored ? rows : 0;
        return stored ? "stored" : "present";
      },
      reviseDay: async ({ bucket, version }, { site, date }, client) => {
        const found = await bucket.head(keyOf(site.name, date));
        const before = Number(found.customMetadata.samples);
        let revision = Number(found.customMetadata.revision);
        const rows = await this.#read(`${site.name}/${date}`, client);
        if (rows === undefined) return { result: "unfinished", revision, rows: {} };
        const isRevised = rows !== before;
        revision += isRevised ? 1 : 0;
        const stored = await put(bucket, keyOf(site.name, date), rows, revision, version, { etagMatches: found.etag });
        const about = { before, after: rows, added: rows - before, changed: 0, kept: 0 };
        return { result: stored ? (isRevised ? "revised" : "unchanged") : "conflict", revision, rows: about };
      },
    };
  }
}

function put(bucket, key, rows, revision, version, onlyIf) {
  const customMetadata = { format: "2", samples: `${rows}`, revision: `${revision}`, worker_version: version };
  return bucket.put(key, `${rows}`.padEnd(BODY), { onlyIf, customMetadata });
}
