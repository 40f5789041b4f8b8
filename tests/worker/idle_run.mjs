// Runs the cron of the backfill worker with a bucket that has every day and counts its operations, for docs/costs.md. Prints the
// counts of the first run, and the milliseconds of CPU of a run whose log is full.
import { runLogged } from "../../workers/backfill/control/logged_run.js";
import { LIMITS } from "../../workers/backfill/limits.js";
import { planDays } from "../../workers/backfill/queue/planner.js";
import { DAY_MS, formatDate } from "../../workers/shared/days.js";
import { formatKey } from "../../workers/shared/storage.js";

const FIRST = Date.UTC(2020, 0, 1);
const MANY = 250; // more runs than the log keeps
const days = Number(process.argv[2]);
const dates = Array.from({ length: days }, (_, day) => formatDate(FIRST + day * DAY_MS));
const names = { keyTemplate: "timeseries/{site}/{date}/data.ndjson.gz" };
const keys = dates.map((date) => formatKey(names, "site", date));
const counts = { list: 0, get: 0, head: 0, put: 0 };
let log = null;

const bucket = {
  async list({ prefix, cursor = "0" }) {
    counts.list += 1;
    if (prefix.startsWith("_control/")) return { objects: [], truncated: false };
    const end = Number(cursor) + 1000;
    const objects = keys.slice(Number(cursor), end).map((key) => ({ key, uploaded: new Date(), size: 100 }));
    return { objects, truncated: end < days, cursor: `${end}` };
  },
  async get(key) {
    counts.get += 1;
    return key.endsWith("plan.json") ? null : log && { size: log.length, etag: "1", arrayBuffer: async () => new TextEncoder().encode(log).buffer };
  },
  async head() {
    counts.head += 1;
    return null;
  },
  async put(_key, text) {
    counts.put += 1;
    log = text;
    return { etag: "1" };
  },
};
const sites = [{ name: "site", start: dates[0], end: dates.at(-1) }];
const config = { ...names, bucket, sites, settleHours: 6, recheckDays: 3, version: "v" };
const tools = { limits: LIMITS, now: () => Date.now() };
const run = () => runLogged(config, "cron", 1, { samples_written: 0 }, () => planDays(config, tools));

console.log = () => {}; // the planner's own line
const { planned, queued } = await run();
const first = { ...counts };
for (let count = 0; count < MANY; count += 1) await run();
const before = process.cpuUsage();
for (let count = 0; count < 100; count += 1) await run();
const { user, system } = process.cpuUsage(before);
process.stdout.write(JSON.stringify({ ...first, planned, queued, ms: (user + system) / 1000 / 100 }));
