/**
 * The backfill worker: copies whole days (UTC) of one ACE site into R2, oldest first, each exactly once.
 *
 * The data is the progress: a day is complete when, and only when, its object exists. Beside that there is only this
 * isolate's memory of the last error and of the last batch's sample counters, for GET /status: another isolate, or the
 * same one restarted, does not know them.
 *
 * One module without a build step. Interface: shared contracts, sections 2 and 3. Upstream: shared facts, "ACE IoT".
 *
 * @typedef {"upstream_auth"|"upstream_rejected"|"upstream_unavailable"|"upstream_contract"|"storage"} Code
 * @typedef {{baseUrl: string, key: string, site: string, start: string, end: string|undefined, pageSize: string,
 *   keyTemplate: string, bucket: R2Bucket|undefined, version: string}} Config
 * @typedef {{name: string, value: string, time: string}} Row
 * @typedef {{point_samples: Row[], next_cursor: string|null, has_more: boolean}} Page
 * @typedef {{text: string, at?: number, offset?: number}} Cursor `at` in microseconds; opaque without `at` and `offset`
 * @typedef {{samples_fetched: number, samples_written: number}} Counters of one batch
 * @typedef {Counters & {current_date: string, days_complete: number, days_total: number}} Progress
 * @typedef {{progress?: Progress, continuation: boolean, unfinished?: string, error?: Failure}} Batch
 */

const SERVICE = "backfill-worker";
const VERSION = "1.0.0";
const DAY_MS = 86_400_000;
const PAGE_SIZES = ["1000", "5000", "10000", "50000", "100000"]; // smaller ones stall ACE, larger ones exceed 128 MB

/** What bounds a batch. Not configuration: only a module that imports `create` can choose others, as the tests do. */
const LIMITS = Object.freeze({
  triggerMs: 20_000, // no new page after this, asked by POST /trigger
  cronMs: 600_000, // the same, by cron
  answerMs: 25_000, // one answer of ACE, with its body
  answerBytes: 32 * 1024 * 1024, // the same; 100,000 rows are about half of it
  attempts: 3, // per page
  retryMs: 500, // doubles with every attempt, unless ACE's Retry-After says more
  objectBytes: 32 * 1024 * 1024, // one day, compressed
});

/** Why a batch ended early. Its message goes to operators and logs: never a key, never a text that ACE sent. */
class Failure extends Error {
  /** @param {Code} code @param {string} message @param {number} [retryAfterMs] set when time may cure it */
  constructor(code, message, retryAfterMs) {
    super(message);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** One JSON object a line. @param {"log"|"error"} level @param {string} message @param {object} fields */
const log = (level, message, fields) => console[level](JSON.stringify({ message, ...fields }));

/** @param {ArrayBuffer} buffer */
const hex = (buffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");

// ---- Configuration -------------------------------------------------------------------------------------------------

/** @param {unknown} text */
function isDate(text) {
  if (typeof text !== "string" || !/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const ms = Date.parse(text);
  return !Number.isNaN(ms) && dateOf(ms) === text; // 30 February parses as 1 March
}

/** Whole, without credentials, query or slash at its end; in clear only to this machine. @param {unknown} text */
function isBaseUrl(text) {
  if (typeof text !== "string" || /[\s@?#\\]|\/$/.test(text) || !URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === "https:" || (protocol === "http:" && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname));
}

/** `{site}` before `{date}`, each once, literal text between them. @param {unknown} text */
function isKeyTemplate(text) {
  if (typeof text !== "string" || !/^[\w./=-]*\{site\}[\w./=-]+\{date\}[\w./=-]*$/.test(text)) return false;
  return !/(^|\/)(\/|\.{1,2}(\/|$))/.test(text); // no part is empty, "." or ".."
}

/** The bindings, and the names of those that cannot be used: no default takes their place. @param {any} env */
function configure(env) {
  const { ACE_API_KEY: key, BUCKET: bucket, CF_VERSION_METADATA: metadata, ACE_BASE_URL: baseUrl, SITE: site } = env;
  const { START_DATE: start, END_DATE: end, PAGE_SIZE: pageSize, KEY_TEMPLATE: keyTemplate } = env;
  const usable = {
    ACE_API_KEY: typeof key === "string" && key.trim() !== "",
    BUCKET: ["head", "list", "put"].every((method) => typeof bucket?.[method] === "function"),
    CF_VERSION_METADATA: typeof metadata?.id === "string" && metadata.id !== "",
    ACE_BASE_URL: isBaseUrl(baseUrl),
    SITE: typeof site === "string" && /^[\w-][\w.-]*$/.test(site),
    START_DATE: isDate(start),
    END_DATE: end === undefined || (isDate(end) && !(end < start)),
    PAGE_SIZE: PAGE_SIZES.includes(pageSize),
    KEY_TEMPLATE: isKeyTemplate(keyTemplate),
  };
  const problems = Object.entries(usable).flatMap(([name, isUsable]) => (isUsable ? [] : [name]));
  const store = usable.BUCKET ? bucket : undefined;
  /** @type {Config} */
  const config = { baseUrl, key, site, start, end, pageSize, keyTemplate, bucket: store, version: metadata?.id };
  return { config, problems };
}

// ---- Days and their objects ----------------------------------------------------------------------------------------

/** @param {number} ms */
const dateOf = (ms) => new Date(ms).toISOString().slice(0, 10);

/** The days to copy, oldest first; never today or the future, whatever END_DATE says. @param {Config} config */
function daysOf({ start, end }) {
  const yesterday = dateOf(Date.now() - DAY_MS);
  const last = Date.parse(end === undefined || end > yesterday ? yesterday : end);
  const days = [];
  for (let ms = Date.parse(start); ms <= last; ms += DAY_MS) days.push(dateOf(ms));
  return days;
}

/** @param {Config} config @param {string} date */
const keyOf = ({ keyTemplate, site }, date) => keyTemplate.replace("{site}", site).replace("{date}", date);

/** One call of R2; its refusal is a Failure. @template T @param {string} what @param {() => Promise<T>} call */
async function r2(what, call) {
  try {
    return await call();
  } catch (error) {
    throw new Failure("storage", `R2 ${what} failed: ${String(error).slice(0, 200)}`);
  }
}

/** The dates whose object exists: one list call per 1,000 objects, without metadata. @param {Config} config */
async function storedDates(config) {
  if (config.bucket === undefined) throw new Failure("storage", "no bucket is bound");
  const [prefix, suffix] = keyOf(config, "{date}").split("{date}");
  const dates = new Set();
  /** @type {string|undefined} */
  let cursor;
  do {
    const page = await r2("list", () => config.bucket.list({ prefix, cursor }));
    for (const { key } of page.objects) {
      const date = key.slice(prefix.length, prefix.length + 10);
      if (key === prefix + date + suffix) dates.add(date);
    }
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor !== undefined);
  return dates;
}

/** An object in the making: gzip and SHA-256 of what is appended, in memory until it is whole. @param {number} limit */
function openObject(limit) {
  const gzip = new CompressionStream("gzip");
  const digest = new crypto.DigestStream("SHA-256");
  const writers = [gzip.writable.getWriter(), digest.getWriter()];
  /** @type {Uint8Array[]} */
  const chunks = [];
  let size = 0;
  const collected = (async () => {
    for await (const chunk of gzip.readable) {
      size += chunk.byteLength;
      if (size <= limit) chunks.push(chunk); // beyond, it only drains, so that the writer comes to its end
    }
  })();
  for (const promise of [collected, digest.digest]) promise.catch(() => {}); // awaited by `close` alone
  const refuseTooLarge = () => {
    if (size > limit) throw new Failure("storage", `a day exceeds ${limit} bytes compressed; nothing was written`);
  };
  return {
    async append(/** @type {Uint8Array} */ bytes) {
      await Promise.all(writers.map((writer) => writer.write(bytes)));
      refuseTooLarge();
    },
    async close() {
      await Promise.all([...writers.map((writer) => writer.close()), collected]);
      refuseTooLarge();
      return { body: new Blob(chunks), sha256: hex(await digest.digest) };
    },
    abandon: () => Promise.allSettled(writers.map((writer) => writer.abort())),
  };
}

/**
 * One conditional write. @param {Config} config @param {string} date @param {Blob} body @param {Tally} tally
 * @param {Record<string, string>} about @returns {Promise<number>} the samples written: 0 when another run had won
 */
async function store({ bucket, version, ...config }, date, body, { samples, points, first, last }, about) {
  const key = keyOf(config, date);
  const range = samples ? { first: String(first), last: String(last) } : {};
  const stored = await r2("put", () =>
    bucket.put(key, body, {
      onlyIf: { etagDoesNotMatch: "*" },
      customMetadata: { samples: `${samples}`, points: `${points.size}`, ...range, ...about, worker_version: version },
      httpMetadata: { contentType: "application/x-ndjson" }, // no Content-Encoding: some clients would unpack twice
    }),
  );
  if (stored === null) {
    log("log", "[Backfill] Another run wrote the day first", { key });
    return 0;
  }
  if (stored?.size !== body.size) throw new Failure("storage", `R2 kept ${stored?.size} of ${body.size} bytes: ${key}`);
  log("log", "[Backfill] Data written to R2", { key, samples, points: points.size, bytes: body.size });
  return samples;
}

// ---- ACE: answers --------------------------------------------------------------------------------------------------

/**
 * One page; what time may cure is tried again while another attempt fits before the deadline.
 * @param {URL} url @param {string} key @param {typeof LIMITS} limits @param {number} deadline @param {object} context
 */
async function askAce(url, key, limits, deadline, context) {
  for (let attempt = 1; ; attempt += 1) {
    const begun = Date.now();
    try {
      const page = await askOnce(url, key, limits);
      log("log", "[ACE API] Success", { ...context, rows: page.point_samples.length, ms: Date.now() - begun });
      return page;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const { code, message: reason, retryAfterMs } = error;
      log("error", "[ACE API] Failed", { ...context, attempt, code, reason, ms: Date.now() - begun });
      const wait = Math.max(retryAfterMs ?? 0, limits.retryMs * 2 ** (attempt - 1));
      if (retryAfterMs === undefined || attempt === limits.attempts || Date.now() + wait >= deadline) throw error;
      await scheduler.wait(wait);
    }
  }
}

/** @param {URL} url @param {string} key @param {typeof LIMITS} limits @returns {Promise<Page>} */
async function askOnce(url, key, { answerMs: timeoutMs, answerBytes }) {
  const headers = new Headers({ Accept: "application/json", "User-Agent": `${SERVICE}/${VERSION}` });
  try {
    headers.set("Authorization", `Bearer ${key}`);
  } catch {
    throw new Failure("upstream_auth", "the key holds a character that no header can carry"); // their message quotes it
  }
  let response, text, body;
  try {
    // Never followed: a redirect to another origin could take the key along.
    response = await fetch(url, { headers, redirect: "manual", signal: AbortSignal.timeout(timeoutMs) });
    text = await boundedText(response, answerBytes);
  } catch (error) {
    if (error instanceof Failure) throw error;
    const isTimeout = error instanceof Error && error.name === "TimeoutError";
    const reason = isTimeout ? `ACE did not answer within ${timeoutMs} ms` : "the connection to ACE failed";
    throw new Failure("upstream_unavailable", reason, 0);
  }
  try {
    body = JSON.parse(text);
  } catch {} // the status says what to make of it
  return response.status === 200 ? checkedPage(body) : refused(response, body);
}

/** A body's text, which is given up beyond the limit. @param {Response} response @param {number} limit */
async function boundedText({ body }, limit) {
  const decoder = new TextDecoder();
  let [text, size] = ["", 0];
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    if (size > limit) throw new Failure("upstream_contract", `ACE's answer exceeds ${limit} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** The envelope must be ACE's: another one would make every day look empty. @param {any} body @returns {Page} */
function checkedPage(body) {
  const { point_samples: rows, has_more: more, next_cursor: cursor } = body ?? {};
  if (!Array.isArray(rows) || typeof more !== "boolean") {
    throw new Failure("upstream_contract", "ACE answered 200 without `point_samples` and `has_more`");
  }
  if (more && (rows.length === 0 || typeof cursor !== "string" || cursor === "")) {
    throw new Failure("upstream_contract", "ACE says that more rows follow, but sends no rows or no cursor");
  }
  if (!more && (cursor ?? "") !== "") {
    throw new Failure("upstream_contract", "ACE says that no more rows follow, but sends a cursor");
  }
  return body;
}

/** What another status than 200 means. @param {Response} response @param {any} body @returns {Page} if it is no data */
function refused({ status, headers }, body) {
  const text = body?.message;
  if (status === 404 && /^No data for time period\b/.test(text)) return { point_samples: [], has_more: false };
  if (status === 401) throw new Failure("upstream_auth", "ACE answered 401: the key is missing, wrong or expired");
  if (status === 500 && text === "An unhandled exception occurred.") {
    throw new Failure("upstream_auth", "ACE answered 500 in the way it does for an unknown key: probably a bad key");
  }
  if (status === 408 || status === 429 || status >= 500) {
    throw new Failure("upstream_unavailable", `ACE answered ${status}`, retryAfterMs(headers.get("Retry-After")));
  }
  if (status < 400) throw new Failure("upstream_contract", `ACE answered ${status}, neither data nor an error`);
  const names = ["start_time", "end_time", "page_size", "raw_data", "cursor"].filter((name) => body?.errors?.[name]);
  const reason = status === 403 ? ": the site is unknown to this key" : names.length > 0 ? `: ${names.join(", ")}` : "";
  throw new Failure("upstream_rejected", `ACE answered ${status}${reason}`);
}

/** Retry-After in seconds or as a date; 0 when it says nothing. @param {string|null} text */
function retryAfterMs(text) {
  const ms = /^\d+$/.test(text ?? "") ? Number(text) * 1000 : Date.parse(text ?? "") - Date.now();
  return ms > 0 ? ms : 0;
}

// ---- ACE: rows and cursors -----------------------------------------------------------------------------------------

const TIME = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|\+00:00)?$/;

/** Microseconds since the epoch of ACE's naive time, which means UTC; NaN of anything else. @param {unknown} text */
function micros(text) {
  const [, date, time, fraction = ""] = TIME.exec(/** @type {string} */ (text)) ?? [];
  return Date.parse(`${date}T${time}Z`) * 1000 + Number(fraction.slice(0, 6).padEnd(6, "0"));
}

/** @param {string} text @returns {Cursor} */
function decodeCursor(text) {
  try {
    const { offset, timestamp } = JSON.parse(atob(text));
    const at = micros(timestamp);
    if (Number.isSafeInteger(offset) && offset >= 0 && !Number.isNaN(at)) return { text, offset, at };
  } catch {} // opaque by ACE's contract: a form that we do not know is used as it is
  return { text };
}

/**
 * The cursor that really leads on from a page. ACE's own forgets the rows that earlier pages took of a timestamp, so
 * that a page within one timestamp leads to itself. An arithmetic that is neither the right one nor this defect could
 * skip rows, and is refused. @param {Cursor|undefined} sent @param {string} given @param {number[]} times the page's
 */
function nextCursor(sent, given, times) {
  const next = decodeCursor(given);
  if (next.at === undefined && given !== sent?.text) return next;
  if (next.at === undefined) throw new Failure("upstream_contract", "ACE's cursor stands still");
  const { at } = next;
  const inPage = times.filter((time) => time >= at).length;
  if (inPage === 0) throw new Failure("upstream_contract", "ACE's cursor leaps ahead of its page's last row");
  const offset = inPage + (sent?.at === at ? sent.offset : 0);
  if ((next.offset !== offset && next.offset !== inPage) || at < (sent?.at ?? at)) {
    throw new Failure("upstream_contract", `ACE's cursor does not fit its page: ${next.offset} rows, not ${offset}`);
  }
  if (next.offset === offset) return next;
  return { text: btoa(JSON.stringify({ ...JSON.parse(atob(given)), offset })), offset, at };
}

/** A number's text as JSON, to the last digit; any other text as a JSON string. @param {string} text */
function jsonValue(text) {
  const isNumber = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text) && Number.isFinite(Number(text));
  return isNumber ? text.replace(/^(-?)0+(?=\d)/, "$1") : JSON.stringify(text); // JSON has no leading zeros
}

/** What the pages of a day held so far. */
class Tally {
  samples = 0;
  first = Infinity;
  last = -Infinity;
  /** @type {Map<string, string>} each point's name, and the same in JSON */
  points = new Map();
  /** The latest time (in microseconds), and the points that have a row at it: what the next page must not repeat. */
  edge = { at: -Infinity, names: new Set() };

  /** @param {number} start ms @param {number} end ms, exclusive */
  constructor(start, end) {
    this.start = start;
    this.end = end;
  }

  /**
   * A page as NDJSON, in ACE's order, and its times. A row at `end` is the next day's: whether ACE's `end_time` is
   * inclusive is not established, and to leave it out is right either way. @param {Row[]} rows @param {Cursor} [sent]
   */
  take(rows, sent) {
    const lines = [];
    const times = rows.map((row) => {
      const { name, value, time } = row ?? {};
      const at = micros(time);
      if (typeof name !== "string" || name === "" || typeof value !== "string" || Number.isNaN(at)) {
        throw new Failure("upstream_contract", "a row is not a name, a value and a time");
      }
      const ms = Math.floor(at / 1000);
      if (ms < this.start || ms > this.end) throw new Failure("upstream_contract", "a row lies outside the window");
      if (sent?.at !== undefined && at < this.edge.at) {
        throw new Failure("upstream_contract", "a row lies before the former page's last one");
      }
      if (at === this.edge.at && this.edge.names.has(name)) {
        throw new Failure("upstream_contract", "a row repeats one of the former page");
      }
      if (ms < this.end) lines.push(this.line(name, ms, value));
      return at;
    });
    const latest = times.reduce((one, other) => Math.max(one, other), this.edge.at);
    if (latest > this.edge.at) this.edge = { at: latest, names: new Set() };
    times.forEach((at, index) => at === latest && this.edge.names.add(rows[index].name));
    return { text: lines.join(""), times };
  }

  /** @param {string} name @param {number} ms @param {string} value */
  line(name, ms, value) {
    let point = this.points.get(name);
    if (point === undefined) this.points.set(name, (point = JSON.stringify(name)));
    this.samples += 1;
    if (ms < this.first) this.first = ms;
    if (ms > this.last) this.last = ms;
    return `{"point_name":${point},"timestamp":${ms},"value":${jsonValue(value)}}\n`;
  }
}

// ---- A day and a batch ---------------------------------------------------------------------------------------------

/**
 * Copies one day, whole or not at all. `raw_data=true`: the samples as measured, as the runbook asks, and not one per
 * 5 minutes. @param {Config} config @param {string} date @param {typeof LIMITS} limits @param {number} deadline
 * @param {Counters} counters kept up to date @returns {Promise<boolean>} false when time ran out before the last page
 */
async function copyDay(config, date, limits, deadline, counters) {
  const start = Date.parse(date);
  const tally = new Tally(start, start + DAY_MS);
  const [from, to] = [`${date}T00:00:00Z`, `${dateOf(start + DAY_MS)}T00:00:00Z`];
  const query = { start_time: from, end_time: to, page_size: config.pageSize, raw_data: "true" };
  const url = new URL(`${config.baseUrl}/api/sites/${config.site}/timeseries/paginated`);
  const object = openObject(limits.objectBytes);
  const seen = new Set();
  try {
    /** @type {Cursor|undefined} */
    let cursor;
    for (let number = 1; ; number += 1) {
      if (Date.now() >= deadline) return false;
      url.search = `${new URLSearchParams(cursor ? { ...query, cursor: cursor.text } : query)}`;
      const page = await askAce(url, config.key, limits, deadline, { site: config.site, date, page: number });
      if (cursor && page.point_samples.length === 0) {
        throw new Failure("upstream_contract", "ACE said that more rows follow, then sent none");
      }
      counters.samples_fetched += page.point_samples.length;
      const { text, times } = tally.take(page.point_samples, cursor);
      const bytes = new TextEncoder().encode(text);
      const print = hex(await crypto.subtle.digest("SHA-256", bytes));
      if (text && seen.has(print)) throw new Failure("upstream_contract", "ACE sent the same page twice");
      seen.add(print);
      await object.append(bytes);
      if (!page.has_more) break;
      cursor = nextCursor(cursor, page.next_cursor, times);
    }
    const { body, sha256 } = await object.close();
    counters.samples_written += await store(config, date, body, tally, { sha256, source: `${from}/${to}` });
    return true;
  } finally {
    await object.abandon(); // harmless after `close`
  }
}

/**
 * Surveys the bucket, then copies missing days, oldest first, until none is left, time is up or something fails.
 * @param {Config} config @param {typeof LIMITS} limits @param {number} budgetMs 0 surveys only
 * @param {Counters} counters kept up to date @returns {Promise<Batch>}
 */
async function runBatch(config, limits, budgetMs, counters) {
  const deadline = Date.now() + budgetMs;
  /** @type {Batch} */
  const batch = { continuation: true };
  const days = daysOf(config);
  /** @type {string[]|undefined} */
  let missing;
  try {
    const stored = await storedDates(config);
    missing = days.filter((date) => !stored.has(date));
    for (let count = 0; missing.length > 0 && Date.now() < deadline; count += 1) {
      const [date] = missing;
      // Another run may have stored it since the listing; for the first day the listing is young enough.
      const isThere = count > 0 && (await r2("head", () => config.bucket.head(keyOf(config, date)))) !== null;
      if (!isThere && !(await copyDay(config, date, limits, deadline, counters))) {
        batch.unfinished = date;
        break;
      }
      missing.shift();
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    batch.error = error;
  }
  if (missing) {
    const complete = { days_complete: days.length - missing.length, days_total: days.length };
    batch.progress = { current_date: missing[0] ?? days.at(-1) ?? config.start, ...complete, ...counters };
    batch.continuation = missing.length > 0;
  }
  return batch;
}

// ---- The door ------------------------------------------------------------------------------------------------------

/** @param {number} status @param {object} body @param {Record<string, string>} [headers] */
const json = (status, body, headers) =>
  Response.json(body, { status, headers: { "Cache-Control": "no-store", ...headers } });

/** @param {number} status @param {string} code @param {string} message @param {Record<string, string>} [headers] */
const refuse = (status, code, message, headers) => json(status, { status: "error", error: { code, message } }, headers);

/** The token that proves that its bearer and the worker hold the same key (RFC 5869). @param {string} key */
async function operatorToken(key) {
  const utf8 = new TextEncoder();
  const material = await crypto.subtle.importKey("raw", utf8.encode(key), "HKDF", false, ["deriveBits"]);
  const info = utf8.encode("building-vitals/operator/v1");
  const algorithm = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info };
  const bits = new Uint8Array(await crypto.subtle.deriveBits(algorithm, material, 256));
  return btoa(String.fromCharCode(...bits)).replaceAll("+", "-").replaceAll("/", "_").replace("=", "");
}

/** @param {Request} request @param {string} key */
async function isOperator(request, key) {
  const given = /^Bearer +(\S+)$/i.exec(request.headers.get("Authorization") ?? "")?.[1] ?? "";
  const tokens = [given, await operatorToken(key)].map((token) => new TextEncoder().encode(token));
  const digests = tokens.map((token) => crypto.subtle.digest("SHA-256", token)); // equally long, as comparing demands
  return crypto.subtle.timingSafeEqual(await digests[0], await digests[1]);
}

/** Whether all that a batch needs is there and usable. It never says what is not; the log does. @param {any} env */
async function health(env) {
  const { config, problems } = configure(env);
  if (problems.length === 0) {
    const { bucket, start } = config;
    const look = () => bucket.head(keyOf(config, start));
    await r2("head", look).catch((error) => problems.push(`BUCKET: ${error.message}`));
  }
  if (problems.length > 0) log("error", "[Backfill] Unhealthy", { unusable: problems });
  const { id = "", tag = "" } = env.CF_VERSION_METADATA ?? {};
  const [code, status] = problems.length > 0 ? [503, "unhealthy"] : [200, "healthy"];
  return json(code, { status, service: SERVICE, version: VERSION, worker_version: { id, tag } });
}

/** The worker's handlers within the given limits. @param {typeof LIMITS} limits */
export function create(limits) {
  /** @type {{counters: Counters, lastError: object|null}} */
  const memory = { counters: { samples_fetched: 0, samples_written: 0 }, lastError: null };

  /** @param {Config} config @param {number} budgetMs */
  async function run(config, budgetMs) {
    const counters = { samples_fetched: 0, samples_written: 0 };
    const batch = await runBatch(config, limits, budgetMs, counters);
    const { progress, continuation, unfinished, error } = batch;
    memory.counters = counters;
    if (error) {
      memory.lastError = { code: error.code, message: error.message, at: new Date().toISOString() };
      log("error", "[Backfill] Batch failed", { code: error.code, reason: error.message, progress });
    } else {
      log("log", "[Backfill] Batch ended", { continuation, unfinished, progress });
    }
    return batch;
  }

  /** @param {Batch} batch @param {object} [more] */
  function answer({ error, progress, continuation }, more) {
    const about = { progress, continuation, ...more };
    if (!error) return json(200, { status: continuation ? "in_progress" : "complete", ...about });
    return json(502, { status: "error", error: { code: error.code, message: error.message }, ...about });
  }

  /** @type {Record<string, {methods: string[], reply?: (config: Config) => Promise<Response>}>} */
  const routes = {
    "/health": { methods: ["GET", "HEAD"] },
    "/status": {
      methods: ["GET", "HEAD"],
      reply: async (config) =>
        answer(await runBatch(config, limits, 0, memory.counters), { last_error: memory.lastError }),
    },
    "/trigger": {
      methods: ["POST"],
      async reply(config) {
        const batch = await run(config, limits.triggerMs);
        const { unfinished: date } = batch;
        return answer(batch, date && { unfinished: date, message: `no time was left for ${date}; the cron goes on` });
      },
    },
  };

  /** Refuses in this order: 404, 405, 503 without a key, 401, 503. @param {Request} request @param {any} env */
  async function handle(request, env) {
    const { pathname } = new URL(request.url);
    if (!Object.hasOwn(routes, pathname)) return refuse(404, "not_found", "no such route");
    const { methods, reply } = routes[pathname];
    if (!methods.includes(request.method)) {
      return refuse(405, "method_not_allowed", "this route takes another method", { Allow: methods.join(", ") });
    }
    if (!reply) return health(env);
    const { config, problems } = configure(env);
    if (problems.length > 0) log("error", "[Backfill] Not configured", { unusable: problems }); // all, whatever is said
    if (problems.includes("ACE_API_KEY")) return refuse(503, "not_configured", "a binding is absent or empty");
    if (!(await isOperator(request, config.key))) {
      return refuse(401, "unauthorized", "this route needs the operator token", { "WWW-Authenticate": "Bearer" });
    }
    const unusable = problems.filter((name) => name !== "BUCKET"); // that one is storage's to report
    if (unusable.length > 0) return refuse(503, "not_configured", `absent or unusable: ${unusable.join(", ")}`);
    return reply(config);
  }

  return {
    /** @param {Request} request @param {any} env */
    async fetch(request, env) {
      try {
        return await handle(request, env);
      } catch (error) {
        log("error", "[Backfill] Unexpected error", { error: String(error) });
        return refuse(500, "internal", "unexpected error; the worker's log says more");
      }
    },

    /** Runs until nothing is left or time is up; what fails, fails the invocation. @param {any} _ @param {any} env */
    async scheduled(_, env) {
      const { config, problems } = configure(env);
      if (problems.length > 0) {
        log("error", "[Backfill] Not configured", { unusable: problems });
        throw new Error(`[Backfill] not_configured: absent or unusable: ${problems.join(", ")}`);
      }
      const { error } = await run(config, limits.cronMs);
      if (error) throw new Error(`[Backfill] ${error.code}: ${error.message}`);
    },
  };
}

export default create(LIMITS);
