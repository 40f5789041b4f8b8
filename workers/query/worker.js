/**
 * The query worker: serves the samples of a time range out of the days that the backfill worker stored in R2.
 *
 * An answer is whole, or it is an error: before the first byte a status, after it an answer whose JSON never ends.
 * Each day is streamed: R2, decompression, line filter, answer; nothing is kept but one chunk.
 * Nothing is opened of a day outside the range, or whose metadata says that nothing of it is in the range.
 *
 * One module without a build step, like the backfill worker, which it shares nothing with but the stored form.
 * Interface: docs/query-worker.md. Stored form: shared contracts, section 3.
 *
 * @typedef {"storage"|"over_budget"} Code
 * @typedef {{site: string, keyTemplate: string, bucket: R2Bucket}} Config
 * @typedef {{start: number, end: number, names: Set<string>}} Query ms since the epoch, `end` exclusive
 * @typedef {{date: string, object: R2ObjectBody}} Day one that may hold samples of the range, its body unread
 * @typedef {{count: number, points: Map<string, number>, absent: string[]}} Found
 */

const SERVICE = "query-worker";
const VERSION = "1.0.0";
const DAY_MS = 86_400_000;
const PARAMETERS = ["site_name", "point_names", "start_time", "end_time"];

/** What bounds an answer. Not configuration: only a module that imports `create` can choose others, as the tests do. */
const LIMITS = Object.freeze({
  budgetMs: 10_000, // from the request to the last byte
  rangeMs: 31 * DAY_MS,
  points: 100, // names in one request
  lineLength: 64 * 1024, // characters; one sample is about a hundred
  chunkLength: 64 * 1024, // characters of the answer that are sent at once
});

/** Why there is no answer, or no whole one. Its message goes to whoever asked. */
class Failure extends Error {
  /** @param {Code} code @param {string} message */
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** One JSON object a line. @param {"log"|"error"} level @param {string} message @param {object} fields */
const log = (level, message, fields) => console[level](JSON.stringify({ message, ...fields }));

/** @param {number} ms */
const dateOf = (ms) => new Date(ms).toISOString().slice(0, 10);

// ---- Configuration and question ------------------------------------------------------------------------------------

/** `{site}` before `{date}`, each once, literal text between them. @param {unknown} text */
function isKeyTemplate(text) {
  if (typeof text !== "string" || !/^[\w./=-]*\{site\}[\w./=-]+\{date\}[\w./=-]*$/.test(text)) return false;
  return !/(^|\/)(\/|\.{1,2}(\/|$))/.test(text); // no part is empty, "." or ".."
}

/** The bindings, and the names of those that cannot be used: no default takes their place. @param {any} env */
function configure(env) {
  const { BUCKET: bucket, CF_VERSION_METADATA: metadata, SITE: site, KEY_TEMPLATE: keyTemplate } = env;
  const usable = {
    BUCKET: ["head", "get"].every((method) => typeof bucket?.[method] === "function"),
    CF_VERSION_METADATA: typeof metadata?.id === "string" && metadata.id !== "",
    SITE: typeof site === "string" && /^[\w-][\w.-]*$/.test(site),
    KEY_TEMPLATE: isKeyTemplate(keyTemplate),
  };
  const problems = Object.entries(usable).flatMap(([name, isUsable]) => (isUsable ? [] : [name]));
  /** @type {Config} */
  const config = { site, keyTemplate, bucket };
  return { config, problems };
}

/** @param {Config} config @param {string} date */
const keyOf = ({ keyTemplate, site }, date) => keyTemplate.replace("{site}", site).replace("{date}", date);

/**
 * What is asked for, and what is wrong with it by parameter.
 * @param {URLSearchParams} given @param {Config} config @param {typeof LIMITS} limits
 */
function read(given, { site }, { rangeMs, points }) {
  /** @type {Record<string, string>} */
  const problems = {};
  for (const name of new Set([...PARAMETERS, ...given.keys()])) {
    const values = given.getAll(name);
    if (!PARAMETERS.includes(name)) problems[name] = `is not known; those are ${PARAMETERS.join(", ")}`;
    else if (values.length === 0 || values[0] === "") problems[name] = "is missing";
    else if (values.length > 1) problems[name] = "is given more than once";
  }
  const text = (/** @type {string} */ name) => (name in problems ? undefined : given.get(name));
  const [start, end] = ["start_time", "end_time"].map((name) => {
    const ms = text(name);
    if (ms !== undefined && !/^\d{1,14}$/.test(ms)) problems[name] = "is not a number of ms since the epoch";
    return name in problems ? NaN : Number(ms);
  });
  if (start >= end) problems.start_time = "is not before end_time, which is exclusive";
  if (end - start > rangeMs) problems.end_time = `is more than ${rangeMs / DAY_MS} days after start_time: ask in parts`;
  const names = new Set(text("point_names")?.split(","));
  if (names.has("")) problems.point_names = "holds an empty name";
  if (names.size > points) problems.point_names = `holds more than ${points} names: ask in parts`;
  if (text("site_name") !== undefined && text("site_name") !== site) problems.site_name = "is a site that is not kept here";
  /** @type {Query} */
  const query = { start, end, names };
  return { query, problems };
}

// ---- Days ----------------------------------------------------------------------------------------------------------

/** One deadline for a whole answer, whatever hangs. @param {number} budgetMs */
function openBudget(budgetMs) {
  const end = Date.now() + budgetMs;
  const failure = new Failure("over_budget", `this takes more than ${budgetMs} ms: ask for fewer days`);
  /** @type {number|undefined} */
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(failure), budgetMs)));
  late.catch(() => {}); // met by whoever waits, and by nobody when all is sent
  return {
    /** The outcome of some work, if it is there in time. @template T @param {Promise<T>} work @returns {Promise<T>} */
    async within(work) {
      const done = await Promise.race([work, late]);
      if (Date.now() >= end) throw failure; // work that never waits keeps the timer from firing
      return done;
    },
    close: () => clearTimeout(timer),
  };
}

/** One call of R2; its refusal is a Failure. @template T @param {string} what @param {Promise<T>} call @returns {Promise<T>} */
async function r2(what, call) {
  try {
    return await call;
  } catch (error) {
    throw error instanceof Failure ? error : new Failure("storage", `${what}: ${String(error).slice(0, 200)}`);
  }
}

/** Whether a day's metadata leaves room for a sample of the range. @param {R2Object} object @param {Query} query */
function mayMatch({ customMetadata: { samples, first, last } = {} }, { start, end }) {
  if (samples === "0") return false;
  const isRange = [first, last].every((text) => text !== undefined && /^\d+$/.test(text));
  return !isRange || (Number(first) < end && Number(last) >= start);
}

/** The days that may hold samples of the range, oldest first. @param {Config} config @param {Query} query
 * @param {ReturnType<typeof openBudget>} budget @param {Found} found */
async function* daysOf(config, query, budget, found) {
  for (let ms = query.start - (query.start % DAY_MS); ms < query.end; ms += DAY_MS) {
    const date = dateOf(ms);
    const object = await r2(`R2 get of ${date} failed`, budget.within(config.bucket.get(keyOf(config, date))));
    if (object === null) found.absent.push(date);
    else if (mayMatch(object, query)) yield { date, object };
    else await object.body.cancel();
  }
}

/** The lines of one day, decompressed chunk by chunk. @param {Day} day
 * @param {ReturnType<typeof openBudget>} budget @param {number} lineLength */
async function* linesOf({ date, object }, budget, lineLength) {
  const reader = object.body.pipeThrough(new DecompressionStream("gzip")).getReader();
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await r2(`the object of ${date} cannot be read`, budget.within(reader.read()));
      const lines = (rest + decode(decoder, date, value)).split("\n");
      rest = /** @type {string} */ (lines.pop());
      if (rest.length > lineLength) throw new Failure("storage", `the object of ${date} holds a line that is no sample`);
      yield lines;
      if (done) break;
    }
    if (rest !== "") yield [rest];
  } finally {
    reader.cancel().catch(() => {}); // harmless at its end; not awaited, as what hangs would hang here too
  }
}

/** @param {TextDecoder} decoder @param {string} date @param {Uint8Array} [bytes] none at the end */
function decode(decoder, date, bytes) {
  try {
    return decoder.decode(bytes, { stream: bytes !== undefined });
  } catch {
    throw new Failure("storage", `the object of ${date} is not UTF-8`);
  }
}

// ---- Samples -------------------------------------------------------------------------------------------------------

const [BEFORE, AFTER] = ['{"point_name":"', '","timestamp":']; // of a name, as the backfill worker writes a line

/** A sample, checked. @param {string} line @param {string} date */
function parse(line, date) {
  let sample;
  try {
    sample = JSON.parse(line);
  } catch {} // refused below
  const { point_name: name, timestamp, value } = sample ?? {};
  const isValue = typeof value === "number" || typeof value === "string";
  if (typeof name === "string" && Number.isSafeInteger(timestamp) && isValue) return { name, timestamp };
  throw new Failure("storage", `the object of ${date} holds a line that is no sample`);
}

/**
 * Finds the lines that are asked for. A name is looked at once, in the form in which it is stored, and most lines are
 * never parsed: a day may have half a million. @param {Query} query @param {Found} found
 */
function openFilter({ start, end, names }, found) {
  /** @type {Map<string, boolean>} whether a name is asked for, by its stored form */
  const known = new Map();
  /** Whole, or the last segment of its path. @param {string} name */
  const isAsked = (name) => names.has(name) || names.has(name.slice(name.lastIndexOf("/") + 1));
  return (/** @type {string} */ line, /** @type {string} */ date) => {
    const to = line.startsWith(BEFORE) ? line.indexOf(AFTER, BEFORE.length) : -1;
    const stored = to < 0 ? undefined : line.slice(BEFORE.length, to);
    if (stored !== undefined && known.get(stored) === false) return false;
    const { name, timestamp } = parse(line, date);
    if (stored !== undefined && !known.has(stored)) known.set(stored, isAsked(name));
    if (!isAsked(name) || timestamp < start || timestamp >= end) return false;
    found.points.set(name, (found.points.get(name) ?? 0) + 1);
    found.count += 1;
    return true;
  };
}

/** The answer's text, piece by piece. @param {Config} config @param {Query} query
 * @param {ReturnType<typeof openBudget>} budget @param {typeof LIMITS} limits @returns {AsyncGenerator<string>} */
async function* answer(config, query, budget, { lineLength, chunkLength }) {
  /** @type {Found} */
  const found = { count: 0, points: new Map(), absent: [] };
  const isWanted = openFilter(query, found);
  const { start, end } = query;
  let text = `{"site_name":${JSON.stringify(config.site)},"start_time":${start},"end_time":${end},"samples":[`;
  let isFirst = true;
  for await (const day of daysOf(config, query, budget, found)) {
    let count = 0;
    for await (const lines of linesOf(day, budget, lineLength)) {
      for (const line of lines) {
        count += 1;
        if (isWanted(line, day.date)) text += `${found.count > 1 ? "," : ""}\n${line}`;
      }
      if (isFirst || text.length >= chunkLength) {
        yield text; // the first time as soon as storage gave something that decodes: the status is 200 from here on
        text = "";
        isFirst = false;
      }
    }
    const promised = day.object.customMetadata?.samples;
    if (promised !== undefined && promised !== String(count)) {
      throw new Failure("storage", `the object of ${day.date} holds ${count} samples, not ${promised}`);
    }
  }
  const points = JSON.stringify(Object.fromEntries(found.points));
  yield `${text}\n],"count":${found.count},"points":${points},"absent_days":${JSON.stringify(found.absent)}}\n`;
}

/**
 * The answer as a stream that is pulled, so that a slow reader slows R2. A failure ends it with its reason and without
 * the closing brace, so that it is no JSON, and errors the stream: workerd alone ends the body as if it were whole.
 * @param {AsyncGenerator<string>} pieces @param {string} first @param {() => void} close
 */
function stream(pieces, first, close) {
  const utf8 = new TextEncoder();
  let pending = first;
  /** @type {Failure|undefined} */
  let failure;
  return new ReadableStream(
    {
      async pull(controller) {
        if (failure) {
          controller.error(failure);
          return;
        }
        try {
          while (pending === "") {
            const { done, value } = await pieces.next();
            if (done) {
              close();
              controller.close();
              return;
            }
            pending = value;
          }
          controller.enqueue(utf8.encode(pending));
          pending = "";
        } catch (error) {
          failure = refused(error);
          close();
          controller.enqueue(utf8.encode(`\n],"error":${JSON.stringify({ code: failure.code, message: failure.message })}\n`));
        }
      },
      async cancel() {
        close();
        await pieces.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}

/** Logs why there is no whole answer. @param {unknown} error */
function refused(error) {
  const failure = error instanceof Failure ? error : new Failure("storage", "unexpected error; the worker's log says more");
  log("error", "[Query] Failed", { code: failure.code, reason: error instanceof Failure ? error.message : String(error) });
  return failure;
}

// ---- The door ------------------------------------------------------------------------------------------------------

/** @param {number} status @param {object} body @param {Record<string, string>} [headers] */
const json = (status, body, headers) =>
  Response.json(body, { status, headers: { "Cache-Control": "no-store", ...headers } });

/** @param {number} status @param {object} error @param {Record<string, string>} [headers] */
const refuse = (status, error, headers) => json(status, { status: "error", error }, headers);

/** Whether all that a query needs is there and usable. It never says what is not; the log does. @param {any} env */
async function health(env) {
  const { config, problems } = configure(env);
  if (problems.length === 0) {
    const look = config.bucket.head(keyOf(config, dateOf(Date.now() - DAY_MS)));
    await r2("R2 head failed", look).catch((error) => problems.push(`BUCKET: ${error.message}`));
  }
  if (problems.length > 0) log("error", "[Query] Unhealthy", { unusable: problems });
  const { id = "", tag = "" } = env.CF_VERSION_METADATA ?? {};
  const [code, status] = problems.length > 0 ? [503, "unhealthy"] : [200, "healthy"];
  return json(code, { status, service: SERVICE, version: VERSION, worker_version: { id, tag } });
}

/** @param {URLSearchParams} given @param {any} env @param {typeof LIMITS} limits */
async function serve(given, env, limits) {
  const { config, problems: unusable } = configure(env);
  if (unusable.length > 0) {
    log("error", "[Query] Not configured", { unusable });
    return refuse(503, { code: "not_configured", message: "a binding is absent or unusable" });
  }
  const { query, problems } = read(given, config, limits);
  if (Object.keys(problems).length > 0) {
    const message = Object.entries(problems).map(([name, problem]) => `${name} ${problem}`).join("; ");
    return refuse(400, { code: "bad_parameter", message, parameters: problems });
  }
  const budget = openBudget(limits.budgetMs);
  const pieces = answer(config, query, budget, limits);
  try {
    const { value } = await pieces.next(); // storage's first word decides the status
    const headers = { "Cache-Control": "no-store", "Content-Type": "application/json" };
    const source = { "X-Data-Source": "R2", "X-Query-Strategy": "R2_ONLY" };
    return new Response(stream(pieces, value, budget.close), { headers: { ...headers, ...source } });
  } catch (error) {
    budget.close();
    const { code, message } = refused(error);
    return refuse(code === "over_budget" ? 504 : 502, { code, message });
  }
}

/** The worker's handlers within the given limits. @param {typeof LIMITS} limits */
export function create(limits) {
  /** @type {Record<string, {methods: string[], reply: (url: URL, env: any) => Promise<Response>}>} */
  const routes = {
    "/health": { methods: ["GET", "HEAD"], reply: (_, env) => health(env) },
    "/timeseries/query": { methods: ["GET"], reply: (url, env) => serve(url.searchParams, env, limits) },
  };
  return {
    /** @param {Request} request @param {any} env */
    async fetch(request, env) {
      try {
        const url = new URL(request.url);
        if (!Object.hasOwn(routes, url.pathname)) return refuse(404, { code: "not_found", message: "no such route" });
        const { methods, reply } = routes[url.pathname];
        if (methods.includes(request.method)) return await reply(url, env);
        const error = { code: "method_not_allowed", message: "this route takes another method" };
        return refuse(405, error, { Allow: methods.join(", ") });
      } catch (error) {
        log("error", "[Query] Unexpected error", { error: String(error) });
        return refuse(500, { code: "internal", message: "unexpected error; the worker's log says more" });
      }
    },
  };
}

export default create(LIMITS);
