/**
 * Processes and their pending operations. A process is one invocation of the worker. Each await of R2, ACE, the queue or a
 * timer is an operation, and nothing of a process runs until the driver releases one. So an interleaving is the order of
 * releases, and a kill has an exact place.
 */
import { makeRandom } from "./fakes/globals.mjs";

const turn = () => new Promise((resolve) => setImmediate(resolve));
const MAX_WALL_MS = { cron: 900_000, consumer: 900_000, dead: 900_000, http: 900_000 }; // Cloudflare ends an invocation then

export class World {
  constructor({ seed = 1, now, turns = 2, tick = 1 }) {
    this.random = makeRandom(seed);
    this.now = now;
    this.turns = turns; // of the event loop without activity, after which each process waits for the driver
    this.tick = tick; // ms that each operation takes
    this.pending = new Map(); // id -> operation
    this.processes = new Map();
    this.current = undefined; // the process whose code runs
    this.activity = 0;
    this.ids = 0;
  }

  /** Registers an operation of the running process. Its effect happens when the driver releases it, or `dropped` by a kill. */
  operate(label, effect, delay = 0, dropped = () => {}) {
    return new Promise((resolve, reject) => this.#add({ label, effect, resolve, reject, dropped }, delay));
  }

  timer(call, ms, given) {
    return this.#add({ label: "timer", effect: () => call(...given), resolve() {}, reject() {}, dropped() {} }, ms);
  }

  #add(operation, delay) {
    this.activity += 1;
    const id = (this.ids += 1);
    const process = this.current;
    // Code of a dead process may still run, within the turn in which it was killed. Its operations never happen.
    if (!process.alive) return id;
    process.operations += 1;
    const added = { ...operation, id, process, at: this.now + delay };
    this.pending.set(id, added);
    this.added?.(added);
    return id;
  }

  /**
   * Starts a process.
   * @param {string} kind
   * @param {(waitUntil: (promise: Promise<unknown>) => void) => Promise<unknown>} call
   * @param {(end: {value?: unknown, error?: unknown, killed?: boolean}) => void} [ended]
   */
  async spawn(kind, call, ended = () => {}) {
    const process = { id: (this.ids += 1), kind, alive: true, began: this.now, operations: 0, ended, reads: new Map() };
    this.processes.set(process.id, process);
    this.current = process;
    const more = [];
    const end = (outcome) => process.alive && this.#end(process, outcome);
    Promise.resolve()
      .then(() => call((promise) => more.push(promise)))
      .then(
        (value) => Promise.allSettled(more).then(() => end({ value })),
        (error) => Promise.allSettled(more).then(() => end({ error })),
      );
    await this.settle();
    return process;
  }

  #end(process, outcome) {
    this.activity += 1;
    process.alive = false;
    this.processes.delete(process.id);
    process.ended(outcome);
  }

  /** Returns when each process waits for an operation or has ended. */
  async settle() {
    for (let idle = 0; idle < this.turns; idle += 1) {
      const before = this.activity;
      await turn();
      if (this.activity !== before) idle = -1;
    }
  }

  /**
   * Lets an operation happen.
   * @param {object} operation
   * @param {"done"|"failed"|"lost"|"killed"|"killed after"} how "lost": it happened, and its answer is an error
   */
  async release(operation, how = "done") {
    const { id, process, effect, resolve, reject } = operation;
    if (!this.pending.delete(id)) return;
    this.current = process;
    this.now += this.tick;
    this.activity += 1;
    if (how === "killed") return this.kill(process);
    if (how === "failed") reject(new Error(`${operation.label}: injected error (10001)`));
    else this.#happen(effect, how, { process, resolve, reject, label: operation.label });
    await this.settle();
  }

  #happen(effect, how, { process, resolve, reject, label }) {
    let value;
    try {
      value = effect();
    } catch (error) {
      return how === "killed after" ? this.kill(process) : reject(error);
    }
    if (how === "killed after") this.kill(process);
    else if (how === "lost") reject(new Error(`${label}: injected error after the effect (10001)`));
    else resolve(value);
  }

  /** Ends a process at once. Its pending operations never happen. */
  kill(process) {
    if (!process.alive) return;
    for (const [id, operation] of this.pending) {
      if (operation.process !== process) continue;
      this.pending.delete(id);
      operation.dropped();
    }
    this.#end(process, { killed: true });
  }

  /** Moves the time, and ends the invocations that Cloudflare would have ended. */
  advance(ms) {
    this.now += ms;
    for (const process of this.processes.values()) {
      if (this.now - process.began > MAX_WALL_MS[process.kind]) this.kill(process);
    }
  }

  /** Returns the operations that may happen now, in the order of their start. */
  due() {
    return [...this.pending.values()].filter(({ at }) => at <= this.now);
  }

  /** Returns the time of the next operation, Infinity if there is none. */
  next() {
    let next = Infinity;
    for (const { at } of this.pending.values()) if (at < next) next = at;
    return next;
  }
}
