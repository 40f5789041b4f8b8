// Runs the cron of the backfill worker with a bucket that has every day and counts its operations, for docs/costs.md. Prints the
// counts of the first run, and the milliseconds of CPU of a run whose log is full.
import { runBatch } from "../../workers/backfill/batch.js";
import { runLogged } from "../../workers/backfill/logged_run.js";
import { DAY_MS, formatDate } from "../../workers/shared/days.js";
import { formatKey } from "../../workers/shared/storage.js";

const FIRST = Date.UTC(2020, 0, 1);
const MANY = 250; // more runs than the log keeps
const days = Number(process.argv[2]);
const dates = Array.from({ length: days }, (_, day) => formatDate(FIRST + day * DAY_MS));
const names = { site: "site", keyTemplate: "timeseries/{site}/{date}/data.ndjson.gz" };
const keys = dates.map((date) => formatKey(names, date));
const counts = { list: 0, get: 0, head: 0, put: 0 };
let log = null;

const bucket = {
  async list({ cursor = "0" }) {
    counts.list += 1;
    const end = Number(cursor) + 1000;
    return { objects: keys.slice(Number(cursor), end).map((key) => ({ key })), truncated: end < days, cursor: `${end}` };
  },
  async get() {
    counts.get += 1;
    return log && { size: log.length, etag: "1", arrayBuffer: async () => new TextEncoder().encode(log).buffer };
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
const config = { ...names, bucket, version: "v", start: dates[0], end: dates.at(-1) };
const run = () => runLogged(config, "cron", 1, { samples_written: 0 }, () => runBatch(config, { agent: "" }, 1000, {}));

const { continuation } = await run();
const first = { ...counts };
for (let count = 0; count < MANY; count += 1) await run();
const before = process.cpuUsage();
for (let count = 0; count < 100; count += 1) await run();
const { user, system } = process.cpuUsage(before);
process.stdout.write(JSON.stringify({ ...first, continuation, ms: (user + system) / 1000 / 100 }));
