/** The run log: one object in the bucket that lists the last runs. It is never the source of progress. */
import { writeLog } from "../../shared/log.js";
import { FOLDER } from "./objects.js";

/**
 * @typedef {{id: string, trigger: "cron"|"http"|"queue", started_at: string, ended_at: string|null,
 *   worker_version: string, planned: number|null, queued: number|null, failed: number|null, stored: number,
 *   rechecked: number, kept: number, samples_written: number, error: {code: string, message: string}|null}} Run
 *   `planned` is null until the bucket was listed, `queued` for a run that sends no days to the queue
 * @typedef {{runs: Run[], etag: string|undefined}} Known the runs, newest first, and the version of the object
 */

const KEY = `${FOLDER}runs.json`;
const SCHEMA = 1;
const MAX_RUNS = 200;
const MAX_BYTES = 1024 * 1024; // 200 runs take about 70 KB
const ATTEMPTS = 6; // per write
const RETRY_MS = 50; // doubles with each attempt, after a conflict or an error
const CONTENT = { httpMetadata: { contentType: "application/json" } };

/**
 * Returns the runs of a log's text, undefined for a text that is not a log of this schema.
 * @param {ArrayBuffer} body
 * @returns {Run[]|undefined}
 */
function parseRuns(body) {
  let log;
  try {
    log = JSON.parse(new TextDecoder().decode(body));
  } catch {} // not JSON, and so not a log
  const isLog = log?.schema === SCHEMA && Array.isArray(log.runs);
  return isLog && log.runs.every((/** @type {any} */ run) => typeof run?.id === "string") ? log.runs : undefined;
}

/** The log of one bucket. Its methods throw nothing, because no fault of the log may stop the copying of days. */
export class RunLog {
  /** @type {Known|undefined} the state after the last write of this log, so that the next write needs no read */
  #known;

  /**
   * @param {R2Bucket} bucket
   * @param {number} rateLimitMs the pause after R2 refused a second write to the object within a second
   */
  constructor(bucket, rateLimitMs) {
    this.bucket = bucket;
    this.rateLimitMs = rateLimitMs;
  }

  /**
   * Returns the runs, newest first. The list is empty for a log that is absent or cannot be read.
   * @returns {Promise<Run[]>}
   */
  async read() {
    try {
      const { runs } = await this.#fetch();
      if (runs) return runs;
      writeLog("error", "[Backfill] Run log unreadable", { key: KEY });
    } catch (error) {
      writeLog("error", "[Backfill] Run log not read", { error: String(error).slice(0, 200) });
    }
    return [];
  }

  /**
   * Adds a run, or replaces the entry with its id. A run that another worker added meanwhile remains.
   * @param {Run} run
   */
  async write(run) {
    for (let attempt = 1; ; attempt += 1) {
      let reason = "other runs write it at the same time";
      try {
        if (await this.#put(this.#known ?? (await this.#load()), run)) return;
      } catch (error) {
        reason = String(error).slice(0, 200);
      }
      this.#known = undefined;
      if (attempt === ATTEMPTS) return writeLog("error", "[Backfill] Run log not written", { run, reason });
      const isRateLimit = reason.includes("(10058)");
      await scheduler.wait(isRateLimit ? this.rateLimitMs : RETRY_MS * 2 ** attempt * Math.random());
    }
  }

  /**
   * Writes the log if it is still the known one. Returns whether it was.
   * @param {Known} known
   * @param {Run} run
   */
  async #put({ runs, etag }, run) {
    const all = [run, ...runs.filter(({ id }) => id !== run.id)];
    all.sort((one, other) => (one.started_at < other.started_at ? 1 : one.started_at > other.started_at ? -1 : 0));
    const kept = all.slice(0, MAX_RUNS);
    const onlyIf = etag === undefined ? { etagDoesNotMatch: "*" } : { etagMatches: etag };
    const stored = await this.bucket.put(KEY, JSON.stringify({ schema: SCHEMA, runs: kept }), { onlyIf, ...CONTENT });
    if (stored) this.#known = { runs: kept, etag: stored.etag };
    return stored !== null;
  }

  /**
   * Returns the state to write over. An object that is not a log is copied to a key of its own first.
   * @returns {Promise<Known>}
   */
  async #load() {
    const { runs, etag, body } = await this.#fetch();
    if (runs) return { runs, etag };
    const copy = `${FOLDER}unreadable-${etag}`;
    writeLog("error", "[Backfill] Run log unreadable", { key: KEY, copy });
    await this.bucket.put(copy, body ?? "", { onlyIf: { etagDoesNotMatch: "*" } });
    return { runs: [], etag };
  }

  /** Reads the object. `runs` is undefined if it is not a log. */
  async #fetch() {
    const object = await this.bucket.get(KEY);
    if (object === null) return { runs: [], etag: undefined };
    const { size, etag } = object;
    if (size > MAX_BYTES) return { etag, body: object.body };
    const body = await object.arrayBuffer();
    return { runs: parseRuns(body), etag, body };
  }
}
