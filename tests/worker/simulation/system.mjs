/** The worker with its bindings in a simulation: several deployments, sites that are added and removed, and the invocations. */
import { hkdfSync } from "node:crypto";
import { Ace } from "./fakes/ace.mjs";
import { install } from "./fakes/globals.mjs";
import { Queues } from "./fakes/queues.mjs";
import { R2 } from "./fakes/r2.mjs";
import { Watch } from "./watch.mjs";
import { World } from "./world.mjs";

const KEY = "fake-ace-key-for-tests";
const TOKEN = Buffer.from(hkdfSync("sha256", KEY, "", "building-vitals/operator/v1", 32)).toString("base64url");
const TEMPLATE = "timeseries/{site}/{date}/data.ndjson.gz";
const DAY = /^timeseries\/([^/]+)\/(\d{4}-\d\d-\d\d)\/data\.ndjson\.gz$/;
const HOUR = 3_600_000;
const CONTEXT = { passThroughOnException() {} };

export const dayOf = (key) => DAY.exec(key)?.slice(1, 3).join("/");
export const keyOf = (site, date) => TEMPLATE.replace("{site}", site).replace("{date}", date);

export class System {
  /**
   * @param {{create: Function, LIMITS: object}} worker its modules
   * @param {{seed: number, now: number, sites: object[], settleHours?: number, recheckDays?: number, outstanding?: number,
   *   listPage?: number, parallelism?: number, turns?: number, latencyMs?: () => number}} options
   * @param {object} [parts] of the worker, in the place of its own
   */
  constructor(worker, options, parts) {
    const { settleHours = 6, recheckDays = 3, parallelism = 4, outstanding = worker.LIMITS.outstanding } = options;
    Object.assign(this, { worker, parts, parallelism, settleHours, recheckDays });
    this.limits = { ...worker.LIMITS, outstanding, ...options.limits };
    this.world = new World(options);
    this.r2 = new R2(this.world, options);
    this.queues = new Queues(this.world, options);
    this.ace = this.world.ace = new Ace(this.world, options);
    this.watch = new Watch({ ...this, outstanding }, dayOf);
    install(this.world);
    this.versions = 0;
    this.declare(options.sites);
  }

  /** Deploys a version with these sites. Running invocations go on with the old one. */
  declare(sites) {
    this.sites = sites;
    this.versions += 1;
    this.handlers = this.worker.create(this.limits, ...(this.parts ? [this.parts] : []));
    this.env = {
      ACE_API_KEY: KEY,
      ACE_BASE_URL: "https://ace.example.org",
      BUCKET: this.r2.binding,
      DAYS: this.queues.binding,
      DEAD_LETTER_QUEUE: this.queues.names.dead,
      CF_VERSION_METADATA: { id: `version-${this.versions}`, tag: "" },
      SITES: JSON.stringify(sites),
      PAGE_SIZE: "10000",
      KEY_TEMPLATE: TEMPLATE,
      SETTLE_HOURS: `${this.settleHours}`,
      RECHECK_DAYS: `${this.recheckDays}`,
    };
  }

  cron() {
    const { handlers, env } = this;
    const about = { cron: "*/5 * * * *", scheduledTime: this.world.now };
    return this.world.spawn("cron", (waitUntil) => handlers.scheduled(about, env, { ...CONTEXT, waitUntil }));
  }

  /**
   * Sends an operator's request. `ended` gets the status and the body as soon as the answer is complete.
   * @param {string} path
   * @param {object} [body]
   * @param {(answer: {status: number, body: object}) => void} [ended]
   */
  ask(path, body, ended = () => {}, method = "POST") {
    const { handlers, env } = this;
    const headers = { Authorization: `Bearer ${TOKEN}`, "Content-Type": "application/json" };
    const request = new Request(`https://worker.example.org${path}`, {
      method,
      headers,
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    return this.world.spawn("http", async (waitUntil) => {
      const response = await handlers.fetch(request, env, { ...CONTEXT, waitUntil });
      ended({ status: response.status, body: await response.json() });
    });
  }

  /** Delivers messages of a queue to a consumer. */
  deliver(queue, messages, doubled) {
    const { handlers, env } = this;
    const more = [];
    const context = { ...CONTEXT, waitUntil: (promise) => more.push(promise) };
    const call = async (batch) => {
      await handlers.queue(batch, env, context);
      await Promise.allSettled(more);
    };
    return this.queues.deliver(queue, messages, call, doubled);
  }

  /** Returns the due days of the declared sites, as "site/date". */
  due() {
    const days = [];
    for (const { name, startDate, endDate } of this.sites) {
      for (let at = Date.parse(startDate); at + (24 + this.settleHours) * HOUR <= this.world.now; at += 24 * HOUR) {
        const date = new Date(at).toISOString().slice(0, 10);
        if (endDate === undefined || date <= endDate) days.push(`${name}/${date}`);
      }
    }
    return days;
  }

  stored(day) {
    return this.r2.objects.get(keyOf(...day.split("/")));
  }
}
