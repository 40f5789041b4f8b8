import { randomBytes } from "node:crypto";
import path from "node:path";
import { Miniflare } from "miniflare";
import { bucketName, Rejected } from "./bindings.mjs";
import { pick, shape, workers } from "./fleet.mjs";
import { HOST, host } from "./host.mjs";
import { QUIET, read, services } from "./options.mjs";
import { validate } from "./validate.mjs";

/** The one Miniflare that runs all that is deployed. */
export class Runtime {
  /** @type {import("./fleet.mjs").Fleet} */
  #fleet = new Map();
  /** @type {Set<string>} */
  #buckets = new Set();
  /** @type {Map<string, URL>} where each worker listens; another place after every swap */
  #urls = new Map();
  /** @type {Miniflare | undefined} */
  #miniflare;
  /** @type {Promise<unknown>} the last change in line */
  #last = Promise.resolve();
  /** @type {import("node:stream").Readable | undefined} standard error of the workerd started last */
  #latest;
  /** @type {import("node:stream").Readable | undefined} the same, once that workerd is ready */
  #ready;
  #count = 0;
  #folder;
  #gate;
  #traces;
  /** What the edge's own worker asks for, so that nobody else reaches the buckets through it. */
  token = randomBytes(16).toString("hex");

  /** @param {string} folder @param {import("./gate.mjs").Gate} gate @param {import("./traces.mjs").Traces} traces */
  constructor(folder, gate, traces) {
    this.#folder = folder;
    this.#gate = gate;
    this.#traces = traces;
  }

  start() {
    return this.#run(this.#fleet);
  }

  /**
   * Serves these versions from now on, or leaves all as it is. One at 0 % is tried, and no more.
   * @param {string} name @param {{script: import("./options.mjs").Script, percentage: number}[]} versions
   * @param {boolean} enabled whether the script's address answers
   * @throws {Rejected}
   */
  deploy(name, versions, enabled) {
    return this.#inTurn(async () => {
      const running = this.#fleet.get(name)?.shares ?? [];
      const shares = versions.map(({ script, percentage }) => {
        const version = read(script);
        const known = running.find((share) => share.version.digest === version.digest);
        return { worker: known?.worker ?? `${name}@${++this.#count}`, weight: percentage, version };
      });
      const served = shares.filter(({ weight }) => weight > 0);
      const fleet = new Map(this.#fleet).set(name, { enabled, shares: served });
      for (const { worker, version } of shares) {
        if (this.#urls.has(worker)) continue;
        const missing = services(version).find((service) => !fleet.has(service));
        if (missing) throw new Rejected(`there is no service ${JSON.stringify(missing)}`);
        await validate(version);
      }
      await this.#change(fleet);
    });
  }

  /** Ends a script; one that is not there is no matter. @param {string} name */
  remove(name) {
    return this.#inTurn(async () => {
      const fleet = new Map(this.#fleet);
      if (fleet.delete(name)) await this.#change(fleet);
    });
  }

  /**
   * Fires one scheduled event now.
   * @param {string} name @param {string} cron @returns {Promise<object | null>} its outcome; null: no such script
   */
  cron(name, cron) {
    return this.#gate.pass(async () => {
      const worker = pick(this.#fleet.get(name));
      if (!worker || !this.#miniflare) return null;
      return (await this.#miniflare.getWorker(worker)).scheduled({ cron, scheduledTime: new Date() });
    });
  }

  /** Where a request to this script goes now, if anywhere. @param {string} name @returns {URL | undefined} */
  route(name) {
    const deployment = this.#fleet.get(name);
    return deployment?.enabled ? this.#urls.get(pick(deployment) ?? "") : undefined;
  }

  /** Where the host reaches the buckets now. */
  get hostUrl() {
    return /** @type {URL} */ (this.#urls.get(HOST));
  }

  /** Makes a bucket reachable from the host. @param {string} name @throws {Rejected} for what is no bucket's name */
  async bucket(name) {
    if (this.#buckets.has(bucketName(name))) return;
    await this.#inTurn(async () => {
      if (this.#buckets.has(name)) return;
      await this.#gate.alone(async () => {
        this.#buckets.add(name);
        await this.#run(this.#fleet);
      });
    });
  }

  /** @template T @param {() => Promise<T>} change @returns {Promise<T>} */
  #inTurn(change) {
    const turn = this.#last.then(change);
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** @param {import("./fleet.mjs").Fleet} fleet */
  async #change(fleet) {
    if (shape(fleet) !== shape(this.#fleet)) await this.#gate.alone(() => this.#swap(fleet));
    this.#fleet = fleet;
  }

  /** @param {import("./fleet.mjs").Fleet} fleet */
  async #swap(fleet) {
    try {
      await this.#run(fleet);
    } catch {
      await this.#run(this.#fleet);
      throw new Rejected("the runtime does not start with this version beside the others");
    }
    this.#fleet = fleet; // before any request is let through again
  }

  /** Starts workerd anew, with these; what ran is killed. @param {import("./fleet.mjs").Fleet} fleet */
  async #run(fleet) {
    const options = this.#options(fleet);
    this.#ready = undefined;
    if (this.#miniflare) await this.#renew(this.#miniflare, options);
    else await (this.#miniflare = new Miniflare(options)).ready;
    this.#urls = new Map();
    for (const { name } of options.workers) this.#urls.set(name, await this.#miniflare.unsafeGetDirectURL(name));
    this.#ready = this.#latest;
  }

  /**
   * Miniflare gives a new workerd the port that the last one had. Another process may have taken it in between: then
   * a new Miniflare takes another, and its storage is the same.
   * @param {Miniflare} miniflare @param {any} options
   */
  async #renew(miniflare, options) {
    try {
      await miniflare.setOptions(options);
    } catch (error) {
      if (/** @type {any} */ (error).code !== "ERR_ADDRESS_IN_USE") throw error;
      await miniflare.dispose();
      await (this.#miniflare = new Miniflare(options)).ready;
    }
  }

  /** @param {import("./fleet.mjs").Fleet} fleet @returns {any} */
  #options(fleet) {
    const scripts = workers(fleet);
    for (const { r2Buckets = {} } of scripts) for (const bucket of Object.values(r2Buckets)) this.#buckets.add(bucket);
    const own = host({ token: this.token, buckets: this.#buckets, collect: (trace) => this.#traces.collect(trace) });
    return {
      ...QUIET,
      defaultPersistRoot: path.join(this.#folder, "storage"),
      handleRuntimeStdio: this.#attend.bind(this),
      workers: [own, ...scripts],
    };
  }

  /**
   * Takes workerd's output off its hands. It ends by itself only when workerd does: after a crash all is started anew.
   * @param {import("node:stream").Readable} stdout @param {import("node:stream").Readable} stderr
   */
  #attend(stdout, stderr) {
    this.#latest = stderr;
    stdout.resume();
    stderr.resume().once("end", () => {
      if (this.#ready !== stderr) return;
      this.#gate.forgetTraces();
      void this.#gate.alone(() => this.#run(this.#fleet));
    });
  }
}
