/** The numbers of a simulation of scale: speed, requests against the least possible, the queue, the planner, and each day. */
const FAILURES = "_control/backfill/failures/";
const SAMPLE = 10; // pages of a list between two looks at the memory

/** Counts days whose rows are not those of ACE, days that were written too often, and failures that do not fit. */
function judgeDays({ system, ace, bad, puts }) {
  const { r2, world } = system;
  const result = { stored: 0, lost: 0, doubled: 0, missing: 0, wrong_failures: 0, revised: 0 };
  for (const day of system.due()) {
    const found = system.stored(day);
    const isFailed = r2.objects.has(`${FAILURES}${day}.json`);
    if (isFailed !== bad.has(day)) result.wrong_failures += 1;
    if (found === undefined) {
      result.missing += bad.has(day) ? 0 : 1;
      continue;
    }
    result.stored += 1;
    const revision = Number(found.customMetadata.revision);
    result.revised += revision - 1;
    const recheck = Date.parse(day.slice(-10)) + (24 + system.recheckDays * 24) * 3_600_000;
    const isFinal = found.now >= recheck;
    const rows = Number(found.customMetadata.samples);
    if (isFinal ? rows !== ace.rows(day) : world.now - recheck > 3_600_000) result.lost += 1;
    const writes = puts.get(found.key);
    const isRechecked = writes === 2 && isFinal;
    if (writes !== 1 && !isRechecked) result.doubled += 1;
    result.rechecked = (result.rechecked ?? 0) + (isRechecked ? 1 : 0);
  }
  return result;
}

export function findResult({ system, ace, bad, puts, seen, options }) {
  const { r2, queues } = system;
  const days = judgeDays({ system, ace, bad, puts });
  const requests = Object.values(ace.requests).reduce((sum, count) => sum + count, 0);
  const least = options.pages * [...puts.values()].reduce((sum, count) => sum + count, 0) + bad.size;
  const share = (kind, number) => Object.fromEntries(Object.entries(r2.counts[kind] ?? {}).map(([name, count]) => [name, count / number]));
  const [planner, consumer] = [share("cron", seen.crons), share("consumer", [...puts.values()].reduce((sum, count) => sum + count, 0))];
  return { ...days, ...seen, requests, least, by_answer: ace.requests, largest_queue: queues.largest, planner, consumer };
}

/** Runs the planner twice more. Returns the memory that it holds beyond what was there before in MB, and its CPU in seconds. */
export async function measurePlanner(system) {
  const { world } = system;
  for (const process of [...world.processes.values()]) world.kill(process);
  const live = () => {
    globalThis.gc();
    return process.memoryUsage().heapUsed / 1e6;
  };
  const before = live();
  let peak = before;
  await runPlanner(system, (count) => {
    if (count % SAMPLE === 0) peak = Math.max(peak, live());
  });
  const begun = process.cpuUsage();
  await runPlanner(system, () => {});
  const { user, system: kernel } = process.cpuUsage(begun);
  return { planner_mb: peak - before, planner_cpu_s: (user + kernel) / 1e6 };
}

async function runPlanner(system, look) {
  const { world } = system;
  await system.cron();
  for (let count = 0; world.pending.size > 0; count += 1) {
    const [operation] = world.pending.values();
    world.now = Math.max(world.now, operation.at);
    await world.release(operation);
    look(count);
  }
}
