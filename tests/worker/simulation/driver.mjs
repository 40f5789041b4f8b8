/** The commands of the state machine. A command that does not fit the state does nothing, so that any sequence is valid. */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { end } from "./ending.mjs";
import { keyOf, System } from "./system.mjs";

const MINUTE = 60_000;
const SITES = ["alpha", "beta"];
const pick = (list, number) => list[number % list.length];
const toTime = (ms) => new Date(ms).toISOString().slice(0, 19);
const formatLine = (name, value, ms) => `{"point_name":"${name}","timestamp":${ms},"value":${value}}\n`;

export class Driver {
  constructor(worker) {
    this.worker = worker;
  }

  /** Runs one command and returns the state that the next command may need. */
  async run(command, given) {
    const more = (await this[command](given)) ?? {};
    const { world, queues, watch } = this.system;
    const violations = watch.violations.splice(0);
    return { processes: world.processes.size, messages: queues.waiting.days.size, violations, ...more };
  }

  /**
   * Begins with empty queues. The first day of the sites was stored in format 1 by an earlier version if `old` is true, and
   * has failed once if `failed` is true.
   */
  begin({ start, days, old = false, failed = false, ...options }) {
    const sites = SITES.map((name) => ({ name, startDate: start }));
    const now = Date.parse(start) + days * 1440 * MINUTE;
    this.system = new System(this.worker, { seed: 1, now, sites, ...options });
    this.sites = sites;
    this.bad = new Set();
    const all = Array.from({ length: days + 4 }, (_, day) => new Date(Date.parse(start) + day * 1440 * MINUTE));
    for (const { name } of sites) {
      for (const date of all) this.#late(`${name}/${date.toISOString().slice(0, 10)}`, 3);
      if (old) this.#storeOld(name, start);
      if (failed) this.#storeFailure(name, start);
    }
  }

  /** Stores a day in format 1. One of its rows is not in ACE any more. */
  #storeOld(site, date) {
    const rows = [...this.system.ace.rows.get(`${site}/${date}`), { name: "gone", value: "7", time: `${date}T00:01:00` }];
    const lines = rows.map(({ name, value, time }) => formatLine(name, value, Date.parse(`${time}Z`)));
    const customMetadata = { samples: `${rows.length}`, points: "3", first: `${Date.parse(date)}`, last: `${Date.parse(date)}` };
    const sha256 = createHash("sha256").update(lines.join("")).digest("hex");
    this.system.r2.write(keyOf(site, date), gzipSync(lines.join("")), { customMetadata: { ...customMetadata, sha256 } });
  }

  #storeFailure(site, date) {
    const at = new Date(this.system.world.now - 2 * 60 * MINUTE).toISOString();
    const about = { code: "upstream_contract", first_at: at, last_at: at, worker_version: "version-1" };
    const body = Buffer.from(JSON.stringify({ ...about, message: "a row is outside the window", attempts: 1 }));
    const key = `_control/backfill/failures/${site}/${date}.json`;
    this.system.r2.write(key, body, { customMetadata: { ...about, attempts: "1" } });
  }

  #late(day, count) {
    const begin = Date.parse(day.slice(-10));
    this.system.ace.change(day, (rows) => {
      const added = Array.from({ length: count }, (_, index) => {
        const number = rows.length + index;
        // Two points, and some rows that share a point and a time.
        return { name: `p${number % 2}`, value: `${number}`, time: toTime(begin + (number % 3) * MINUTE) };
      });
      return [...rows, ...added];
    });
  }

  async cron() {
    await this.system.cron();
  }

  async ask({ path, body }) {
    await this.system.ask(path, body);
  }

  /** Delivers a waiting message, and its copy later where it is doubled. */
  async deliver({ number, doubled = false }) {
    const { queues } = this.system;
    const due = queues.due("days");
    if (due.length === 0) return;
    const message = pick(due, number);
    if (doubled) message.isDoubled = true;
    await this.system.deliver("days", [message], doubled);
  }

  /** Delivers a message that an earlier planner sent: doubled, or late. */
  async repeat({ site, day, what }) {
    const message = this.system.queues.add("days", { v: 1, site, day, what }, { isDoubled: true });
    await this.system.deliver("days", [message]);
  }

  async dead() {
    const due = this.system.queues.due("dead").slice(0, 10);
    if (due.length > 0) await this.system.deliver("dead", due);
  }

  lose({ number }) {
    const due = this.system.queues.due("days");
    if (due.length > 0) this.system.queues.waiting.days.delete(pick(due, number).id);
  }

  /** Lets one process do some operations, at most up to one whose label begins with `before`, and the last in another way. */
  async step({ number, count, how = "done", before = null }) {
    const { world } = this.system;
    const process = pick([...world.processes.values()], number);
    for (let left = count; left > 0 && process?.alive; left -= 1) {
      const own = world.due().filter((operation) => operation.process === process);
      if (own.length === 0 || (before !== null && own.some(({ label }) => label.startsWith(before)))) return;
      const [operation, last] = [pick(own, number), world.ids];
      await world.release(operation, left === 1 ? how : "done");
      if (left === 1 && how === "lost" && operation.label.startsWith("send")) this.#forget(last);
    }
  }

  /** Lets two processes do operations in turn. */
  async turns({ number, other, count }) {
    const all = [...this.system.world.processes.values()];
    const both = [pick(all, number), pick(all, other)];
    for (let left = 2 * count; left > 0; left -= 1) {
      const next = this.system.world.due().find(({ process }) => process === both[left % 2]);
      if (next) await this.system.world.release(next);
    }
  }

  /** The planner believes that these messages were not sent, and sends their days again. */
  #forget(last) {
    for (const message of this.system.queues.waiting.days.values()) if (message.origin.id > last) message.isDoubled = true;
  }

  /** Moves the time. R2 deletes a lease within the seconds that the worker leaves for it (MARGIN_MS in lease.js), so before. */
  async advance({ minutes }) {
    const { world } = this.system;
    const deletions = world.due().filter(({ label }) => label.startsWith("delete _control/backfill/leases"));
    for (const operation of deletions) await world.release(operation);
    world.advance(minutes * MINUTE);
  }

  late({ number, day = pick(this.system.due(), number), count }) {
    this.#late(day, count);
  }

  /** ACE loses the first rows of a day. */
  lost({ number, day = pick(this.system.due(), number), count }) {
    this.system.ace.change(day, (rows) => rows.slice(count));
  }

  changed({ number }) {
    this.system.ace.change(pick(this.system.due(), number), (rows) => rows.map((row) => ({ ...row, value: `1${row.value}` })));
  }

  /** Sets how ACE answers for a day, for a site or for all. No mode: as usual. */
  mode({ number, scope, mode }) {
    const day = pick(this.system.due(), number);
    const key = { day, site: day.split("/")[0], all: "" }[scope];
    if (mode === null) this.system.ace.modes.delete(key);
    else this.system.ace.modes.set(key, mode);
  }

  /** Deploys a version, with all sites or with the first one alone. `kill` ends what runs. */
  deploy({ all, kill }) {
    const sites = all ? this.sites : this.sites.slice(0, 1);
    if (sites.length !== this.system.sites.length) this.system.watch.forgotten = this.system.world.ids;
    this.system.declare(sites);
    if (kill) for (const process of [...this.system.world.processes.values()]) this.system.world.kill(process);
  }

  /** Ends the simulation without faults. One day of ACE remains bad. */
  async end({ bad }) {
    const { system } = this;
    system.declare(this.sites);
    system.ace.modes.clear();
    if (bad !== undefined) {
      const day = pick(system.due(), bad);
      system.ace.modes.set(day, "contract");
      this.bad.add(day);
    }
    await system.ask("/resume");
    const missing = await end(system, this.bad);
    return { violations: [...system.watch.violations.splice(0), ...missing] };
  }
}
