/** A fair end: faults stop, time passes, and the backfill must become complete. */
import { acceptedRows, merge, readRows, show } from "./watch.mjs";

const CONTROL = "_control/backfill/";
const HOUR = 3_600_000;
const MAX_ROUNDS = 60; // hours. The longest pause of a failed day is 24 hours
const MAX_STEPS = 20_000;

/** Lets every pending operation happen and delivers every message, without moving the time. */
async function drain(system) {
  const { world, queues, parallelism } = system;
  for (let step = 0; step < MAX_STEPS; step += 1) {
    const [operation] = world.due();
    const [message] = operation || queues.inFlight.days >= parallelism ? [] : queues.due("days");
    const dead = operation || message || queues.inFlight.dead > 0 ? [] : queues.due("dead").slice(0, 10);
    if (operation) await world.release(operation);
    else if (message) await system.deliver("days", [message]);
    else if (dead.length > 0) await system.deliver("dead", dead);
    else return;
  }
  throw new Error("the simulation does not come to rest");
}

/** Moves the time to `end`, and stops at each timer and message before it. */
async function pass(system, end) {
  const { world, queues } = system;
  for (;;) {
    await drain(system);
    const next = Math.min(world.next(), queues.next());
    if (next >= end) break;
    world.advance(Math.max(0, next - world.now));
  }
  world.advance(Math.max(0, end - world.now));
  await drain(system);
}

/** Runs the planner each hour until nothing is missing. Returns the sentences about what is missing at the end. */
async function complete(system, bad) {
  let problems = [];
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    await system.cron();
    await pass(system, system.world.now + HOUR);
    problems = findProblems(system, bad);
    if (problems.length === 0) break;
  }
  return problems;
}

/**
 * Ends the simulation. `bad` days can never be delivered by ACE.
 * @param {import("./system.mjs").System} system
 * @param {Set<string>} bad
 */
export async function end(system, bad) {
  const { world, recheckDays } = system;
  const first = await complete(system, bad);
  if (first.length > 0) return first;
  const lastRecheck = Math.max(world.now, ...system.due().map((day) => dayEnd(day) + recheckDays * 24 * HOUR));
  await pass(system, lastRecheck);
  return complete(system, bad);
}

const dayEnd = (day) => Date.parse(day.slice(-10)) + 24 * HOUR;

function findProblems(system, bad) {
  const { r2, world } = system;
  const problems = [];
  for (const day of system.due()) {
    const record = r2.objects.get(`${CONTROL}failures/${day}.json`);
    const isFailed = record !== undefined;
    const isStored = system.stored(day) !== undefined;
    if (!isStored && !isFailed) problems.push(`${day} is neither stored nor failed`);
    if (isFailed && !bad.has(day)) problems.push(`${day} is ${isStored ? "stored and" : ""} failed: ${record.bytes}`);
    if (isStored && !bad.has(day) && lacksRows(system, day)) problems.push(`${day} lacks rows that ACE had before its re-check`);
  }
  for (const key of r2.list(`${CONTROL}leases/`)) {
    if (Date.parse(JSON.parse(r2.objects.get(key).bytes).expires_at) > world.now) problems.push(`${key} remains`);
  }
  return problems;
}

/** Returns whether a stored day lacks rows that ACE got before the day was due, or before its re-check. */
function lacksRows(system, day) {
  const { ace, world, recheckDays, settleHours } = system;
  const last = dayEnd(day) + (recheckDays > 0 ? recheckDays * 24 : settleHours) * HOUR;
  if (world.now < last || (ace.changed.get(day) ?? 0) >= last) return false;
  const stored = readRows(system.stored(day).bytes);
  return show(merge(stored, acceptedRows(ace.rows.get(day) ?? [], day.slice(-10)))) !== show(stored);
}
