/**
 * The simulation of scale: the planner, the queue, the consumers, leases and failures of the worker, with many sites and
 * years, made-up time and kills at random moments. Reads its options as JSON from its first argument, and prints the result as JSON.
 */
import { LargeAce } from "./large_ace.mjs";
import { findResult, measurePlanner } from "./result.mjs";
import { keyOf, System } from "../system.mjs";

const WORKER = new URL("../../../../workers/backfill/", import.meta.url);
const worker = { ...(await import(new URL("worker.js", WORKER))), ...(await import(new URL("limits.js", WORKER))) };
const PLAN = "_control/backfill/plan.json";
const HOUR = 3_600_000;
const WALL_MS = 900_000; // Cloudflare ends an invocation of a cron or a queue then
const PROGRESS_CRONS = 12;
const END = Date.parse("2026-03-01T06:30:00Z");

const options = {
  ...{ seed: 1, sites: 100, days: 1826, pages: 50, pageMs: 1000, parallelism: 50, cronMs: 300_000, killsPerHour: 10 },
  ...{ badDays: 2, limitedShare: 0.001, retryAfterMs: 20_000, outageHours: [[2, 3], [9, 2]], maxHours: 2000, moreHours: 0 },
  ...JSON.parse(process.argv[2] ?? "{}"),
};

/** Operations, crons, kills and messages by their time. */
class Agenda {
  #heap = [];
  #order = 0;

  add(at, act) {
    const heap = this.#heap;
    heap.push({ at, order: (this.#order += 1), act });
    for (let index = heap.length - 1; index > 0; ) {
      const parent = (index - 1) >> 1;
      if (!isBefore(heap[index], heap[parent])) break;
      [heap[index], heap[parent]] = [heap[parent], heap[index]];
      index = parent;
    }
  }

  next() {
    const heap = this.#heap;
    const [first, last] = [heap[0], heap.pop()];
    if (heap.length === 0) return last;
    heap[0] = last;
    for (let index = 0; ; ) {
      const [left, right] = [2 * index + 1, 2 * index + 2];
      let least = index;
      if (left < heap.length && isBefore(heap[left], heap[least])) least = left;
      if (right < heap.length && isBefore(heap[right], heap[least])) least = right;
      if (least === index) return first;
      [heap[index], heap[least]] = [heap[least], heap[index]];
      index = least;
    }
  }
}

const isBefore = (one, other) => one.at < other.at || (one.at === other.at && one.order < other.order);

const start = new Date(END - options.days * 24 * HOUR).toISOString().slice(0, 10);
const sites = Array.from({ length: options.sites }, (_, index) => ({ name: `site-${index}`, startDate: start }));
const bad = new Set();
for (const { name } of sites) {
  for (let count = 0; count < options.badDays; count += 1) {
    const index = Math.floor(((count + 0.5) / options.badDays) * options.days);
    bad.add(`${name}/${new Date(Date.parse(start) + index * 24 * HOUR).toISOString().slice(0, 10)}`);
  }
}
const { parallelism, seed } = options;
const setting = { seed, now: END, sites, parallelism, turns: 1, tick: 0, latencyMs: () => 20 + 60 * system.world.random() };
const parts = { copyDay: (...given) => ace.parts.copyDay(...given), reviseDay: (...given) => ace.parts.reviseDay(...given) };
const system = new System(worker, setting, parts);
const { world, queues, r2 } = system;
const outages = options.outageHours.map(([from, hours]) => [END + from * HOUR, END + (from + hours) * HOUR]);
const ace = new LargeAce(world, { ...options, outages, bad });
const agenda = new Agenda();
const seen = { kills: 0, crons: 0, largest_plan: 0, isWaiting: false };

world.added = (operation) => agenda.add(operation.at, () => world.release(operation));
queues.onWaiting = (_queue, { at }) => agenda.add(at, async () => void (seen.isWaiting = true));
queues.onSend = undefined;
r2.watchers.length = 0; // the rows of these days have another form. result.mjs judges them
const puts = new Map(); // key -> accepted writes
r2.watchers.push((key) => key.startsWith("timeseries/") && puts.set(key, (puts.get(key) ?? 0) + 1));
r2.watchers.push((key, _before, plan) => {
  if (key !== PLAN || plan === undefined) return;
  seen.largest_plan = Math.max(seen.largest_plan, Object.keys(JSON.parse(plan.bytes).days).length);
});

async function deliver() {
  seen.isWaiting = false;
  const due = queues.due("days");
  while (queues.inFlight.days < parallelism && due.length > 0) watch(await system.deliver("days", [due.shift()]));
  const dead = queues.due("dead").slice(0, 10);
  if (dead.length > 0 && queues.inFlight.dead === 0) watch(await system.deliver("dead", dead));
}

/** Ends a process after the longest time that Cloudflare allows, and looks for messages when it ends. */
function watch(process) {
  const { ended } = process;
  process.ended = (outcome) => {
    ended(outcome);
    seen.isWaiting = true;
  };
  if (!process.alive) seen.isWaiting = true;
  agenda.add(world.now + WALL_MS, async () => world.kill(process));
}

async function plan() {
  agenda.add(world.now + options.cronMs, plan);
  seen.crons += 1;
  if (options.progress && seen.crons % PROGRESS_CRONS === 0) showProgress();
  watch(await system.cron());
}

async function kill() {
  agenda.add(world.now + (-Math.log(1 - world.random()) * HOUR) / options.killsPerHour, kill);
  const all = [...world.processes.values()];
  const isRestart = world.random() < 0.1; // all invocations of a machine end together
  const killed = isRestart ? all : all.slice((world.random() * all.length) | 0).slice(0, 1);
  for (const process of killed) world.kill(process);
  seen.kills += killed.length;
}

agenda.add(END, plan);
if (options.killsPerHour > 0) agenda.add(END + HOUR / options.killsPerHour, kill);
const showProgress = () => {
  const hours = (world.now - END) / HOUR;
  process.stderr.write(`\r${hours.toFixed(0)} h of made-up time, ${puts.size.toLocaleString("en")} days stored `);
};
const goal = new Set(system.due().filter((day) => !bad.has(day)).map((day) => keyOf(...day.split("/"))));
r2.watchers.push((key) => goal.delete(key));
let events = 0;
let end = Infinity; // after the last day is stored, and the hours that are left for re-checks
for (; world.now < Math.min(end, END + options.maxHours * HOUR); events += 1) {
  const { at, act } = agenda.next();
  world.now = Math.max(world.now, at);
  await act();
  if (seen.isWaiting && queues.inFlight.days < parallelism) await deliver();
  if (goal.size > 0 || end < Infinity) continue;
  seen.copied = { hours: (world.now - END) / HOUR, days: puts.size, requests: { ...ace.requests } };
  end = world.now + options.moreHours * HOUR;
}
const { user, system: kernel } = process.cpuUsage();
if (options.progress) process.stderr.write("\n");
const cost = { events, cpu_seconds: (user + kernel) / 1e6 };
const memory = options.memory ? await measurePlanner(system) : {};
process.stdout.write(`${JSON.stringify({ ...findResult({ system, ace, bad, puts, seen, options }), ...cost, ...memory })}\n`);
