/**
 * ACE as a script says: small pages with correct cursors, rows that come late or vanish, outages, and days that it can never
 * deliver. `watchers` get each page that a process has received.
 */
import { PlainStream } from "./streams.mjs";

const PAGE = 2; // rows of a page, whatever the worker asks for
const ANSWERS = {
  unavailable: [503, { message: "down" }, {}],
  limited: [429, { message: "slow down" }, { "Retry-After": "120" }],
  auth: [401, { message: "no" }, {}],
  rejected: [400, { message: "no", errors: { page_size: "no" } }, {}],
  contract: [200, { surprise: true }, {}],
};

const byTime = (one, other) => (one.time < other.time ? -1 : one.time > other.time ? 1 : 0);

export class Ace {
  /**
   * @param {import("../world.mjs").World} world
   * @param {{latencyMs?: () => number}} [options]
   */
  constructor(world, { latencyMs = () => 0 } = {}) {
    Object.assign(this, { world, latencyMs });
    this.rows = new Map(); // "site/date" -> rows
    this.modes = new Map(); // "site/date", a site or "" for all -> a name of ANSWERS
    this.requests = new Map(); // "site/date" -> count
    this.changed = new Map(); // "site/date" -> time of the last change
    this.watchers = [];
  }

  async fetch(url, { signal } = {}) {
    const { pathname, searchParams } = new URL(url);
    const site = pathname.split("/").at(-3);
    const date = searchParams.get("start_time").slice(0, 10);
    const day = `${site}/${date}`;
    const process = this.world.current;
    for (const watch of this.watchers) watch.asked?.(day, process);
    this.requests.set(day, (this.requests.get(day) ?? 0) + 1);
    const cursor = searchParams.get("cursor");
    const answer = () => {
      if (signal?.at < this.world.now) throw new DOMException("timeout", "TimeoutError");
      return this.#answer(site, day, cursor, process);
    };
    const [status, body, headers] = await this.world.operate(`ace ${day}`, answer, this.latencyMs());
    return { status, headers: new Headers(headers), body: new PlainStream(Buffer.from(JSON.stringify(body))) };
  }

  #answer(site, day, cursor, process) {
    const mode = this.modes.get(day) ?? this.modes.get(site) ?? this.modes.get("");
    if (mode !== undefined) return ANSWERS[mode];
    const rows = this.rows.get(day) ?? [];
    const { offset = 0, timestamp = "" } = cursor === null ? {} : JSON.parse(atob(cursor));
    const first = rows.findIndex(({ time }) => time >= timestamp);
    const begin = first < 0 ? rows.length : first + offset;
    const page = rows.slice(begin, begin + PAGE);
    const more = begin + PAGE < rows.length;
    for (const watch of this.watchers) watch.answered?.(day, process, { cursor, page, more });
    if (!more) return [200, { point_samples: page, has_more: false, next_cursor: null }, {}];
    const at = page.at(-1).time;
    const next = { offset: page.filter(({ time }) => time === at).length + (at === timestamp ? offset : 0), timestamp: at };
    return [200, { point_samples: page, has_more: true, next_cursor: btoa(JSON.stringify(next)) }, {}];
  }

  /** Replaces the rows of a day. `change` gets the present ones. */
  change(day, change) {
    this.changed.set(day, this.world.now);
    this.rows.set(day, change(this.rows.get(day) ?? []).toSorted(byTime));
  }
}
