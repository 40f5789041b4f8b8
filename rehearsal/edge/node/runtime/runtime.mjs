import { randomBytes } from "node:crypto";
import path from "node:path";
import { Miniflare } from "./miniflare.mjs";
import { checkBucketName, Rejected } from "./bindings.mjs";
import { chooseWorker, describeShape, findOverride, workerOptions } from "./deployments.mjs";
import { INTERNAL, internalWorker } from "./internal_worker.mjs";
import { parseUpload, QUIET, serviceNames } from "./options.mjs";
import { deliver, untilDeath } from "./queue_messages.mjs";
import { validate, validateOnce } from "./validate.mjs";

/** @typedef {{origin: URL, signal: AbortSignal}} Place an address, and the signal that nothing of ours answers there */

/** The one Miniflare that runs every deployed version. */
export class Runtime {
  /** @type {import("./deployments.mjs").Deployments} */
  #deployments = new Map();
  /** @type {Set<string>} */
  #buckets = new Set();
  /** @type {Map<string, URL>} the address of each worker, a new one after every swap */
  #urls = new Map();
  /** @type {Miniflare | undefined} */
  #miniflare;
  /** @type {Promise<unknown>} the last change in the queue */
  #last = Promise.resolve();
  /** @type {import("node:stream").Readable | undefined} standard error of the latest workerd */
  #latest;
  /** @type {import("node:stream").Readable | undefined} the same, after that workerd became ready */
  #ready;
  /** Aborted when the present workerd has died, because another process may have taken its ports. */
  #death = new AbortController();
  #count = 0;
  #clock;
  #folder;
  #lock;
  #traces;
  #queues;
  /** The token of the edge's own worker, so that no other client reaches the buckets through it. */
  token = randomBytes(16).toString("hex");

  /**
   * @param {string} folder @param {import("../swap_lock.mjs").SwapLock} lock
   * @param {import("../traces.mjs").Traces} traces @param {import("./clock.mjs").Clock} clock
   * @param {string} queues the path of the socket of the local Cloudflare's queues
   */
  constructor(folder, lock, traces, clock, queues) {
    this.#queues = queues;
    this.#clock = clock;
    this.#folder = folder;
    this.#lock = lock;
    this.#traces = traces;
  }

  start() {
    return this.#run(this.#deployments);
  }

  /**
   * Serves these versions from now on. Changes nothing when one is rejected. A version at 0 % serves only requests
   * that choose it.
   * @param {string} name @param {{script: import("./options.mjs").Script, percentage: number}[]} versions
   * @param {boolean} enabled whether the script's public address serves it
   * @param {import("./options.mjs").Script | null} trial a version that must start, and that serves nothing
   * @throws {Rejected}
   */
  deploy(name, versions, enabled, trial) {
    return this.#inTurn(async () => {
      const running = this.#deployments.get(name)?.shares ?? [];
      const shares = versions.map(({ script, percentage }) => {
        const version = parseUpload(script);
        const known = running.find((share) => share.version.digest === version.digest);
        return { worker: known?.worker ?? `${name}@${++this.#count}`, weight: percentage, version };
      });
      const deployments = new Map(this.#deployments).set(name, { enabled, shares });
      const added = shares.filter(({ worker }) => !this.#urls.has(worker)).map(({ version }) => version);
      for (const version of trial ? [...added, parseUpload(trial)] : added) {
        const missing = serviceNames(version).find((service) => !deployments.has(service));
        if (missing) throw new Rejected(`there is no service ${JSON.stringify(missing)}`);
        await validateOnce(version);
      }
      await this.#change(deployments, added);
    });
  }

  /** Removes a script. Does nothing when it does not exist. @param {string} name */
  remove(name) {
    return this.#inTurn(async () => {
      const deployments = new Map(this.#deployments);
      if (deployments.delete(name)) await this.#change(deployments);
    });
  }

  /**
   * Fires one scheduled event.
   * @param {string} name @param {string} cron @param {number | null} time its scheduled time in ms, null: now
   * @returns {Promise<object | null>} its outcome, null: the script does not exist. The outcome is `killed` when workerd
   *   ended before the handler did
   */
  fireCron(name, cron, time) {
    return this.#lock.pass(async () => {
      const worker = chooseWorker(this.#deployments.get(name));
      if (!worker || !this.#miniflare) return null;
      const event = { cron, scheduledTime: new Date(time ?? this.#clock.now()) };
      return this.#call(worker, (handlers) => handlers.scheduled(event));
    });
  }

  /**
   * Delivers a batch of messages.
   * @param {string} name @param {string} queue @param {import("./queue_messages.mjs").Message[]} messages
   * @returns {Promise<object | null>} the outcome, and the messages that the worker acknowledged or retries, null: the
   *   script does not exist. The outcome is `killed` when workerd ended before the handler did
   */
  deliver(name, queue, messages) {
    return this.#lock.pass(async () => {
      const worker = chooseWorker(this.#deployments.get(name));
      if (!worker || !this.#miniflare) return null;
      return this.#call(worker, (handlers) => deliver(handlers, queue, messages));
    });
  }

  /**
   * Calls a handler, and returns its result.
   * @param {string} worker @param {(handlers: any) => Promise<any>} call
   */
  #call(worker, call) {
    const miniflare = /** @type {Miniflare} */ (this.#miniflare);
    return untilDeath(miniflare.getWorker(worker).then(call), this.#death.signal);
  }

  /** Moves the time of all workers. They lose their memory. @param {import("./clock.mjs").Move[]} moves */
  moveClock(moves) {
    return this.#inTurn(() =>
      this.#lock.runAlone(async () => {
        this.#clock.set(moves);
        await this.#run(this.#deployments);
      }),
    );
  }

  /**
   * Returns the present place of a worker of this script.
   * @param {string} name @param {string} [overrides] the header that chooses a version @returns {Place | undefined}
   */
  route(name, overrides = "") {
    const deployment = this.#deployments.get(name);
    const worker = findOverride(name, deployment, overrides) ?? chooseWorker(deployment);
    return deployment?.enabled ? this.#placeOf(worker ?? "") : undefined;
  }

  /** The present place of the edge's own worker. */
  get internalPlace() {
    return /** @type {Place} */ (this.#placeOf(INTERNAL));
  }

  /** @param {string} worker @returns {Place | undefined} */
  #placeOf(worker) {
    const origin = this.#urls.get(worker);
    return origin && { origin, signal: this.#death.signal };
  }

  /** Binds a bucket to the edge's own worker. @param {string} name @throws {Rejected} for an invalid name */
  async addBucket(name) {
    if (this.#buckets.has(checkBucketName(name))) return;
    await this.#inTurn(async () => {
      if (this.#buckets.has(name)) return;
      await this.#lock.runAlone(async () => {
        this.#buckets.add(name);
        await this.#run(this.#deployments);
      });
    });
  }

  /** @template T @param {() => Promise<T>} change @returns {Promise<T>} */
  #inTurn(change) {
    const turn = this.#last.then(change);
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** @param {import("./deployments.mjs").Deployments} deployments @param {import("./options.mjs").Version[]} added */
  async #change(deployments, added = []) {
    if (describeShape(deployments) !== describeShape(this.#deployments)) await this.#lock.runAlone(() => this.#swap(deployments, added));
    this.#deployments = deployments;
  }

  /** @param {import("./deployments.mjs").Deployments} deployments @param {import("./options.mjs").Version[]} added */
  async #swap(deployments, added) {
    try {
      await this.#run(deployments);
    } catch {
      await this.#run(this.#deployments);
      for (const version of added) await validate(version); // only with its values it does not start
      throw new Rejected("the runtime does not start with this version beside the others");
    }
    this.#deployments = deployments; // before the next request passes
  }

  /** Kills the running workerd and starts one with these. @param {import("./deployments.mjs").Deployments} deployments */
  async #run(deployments) {
    const options = this.#options(deployments);
    this.#ready = undefined;
    if (this.#miniflare) await this.#miniflare.setOptions(options);
    else await (this.#miniflare = new Miniflare(options)).ready;
    this.#urls = new Map();
    for (const { name } of options.workers) this.#urls.set(name, await this.#miniflare.unsafeGetDirectURL(name));
    this.#ready = this.#latest;
  }

  /** @param {import("./deployments.mjs").Deployments} deployments @returns {any} */
  #options(deployments) {
    const scripts = workerOptions(deployments, this.#clock, this.#queues);
    for (const { r2Buckets = {} } of scripts) for (const bucket of Object.values(r2Buckets)) this.#buckets.add(bucket);
    const own = internalWorker({
      token: this.token,
      buckets: this.#buckets,
      collect: (trace) => this.#traces.collect(trace),
    });
    return {
      ...QUIET,
      defaultPersistRoot: path.join(this.#folder, "storage"),
      handleRuntimeStdio: this.#attend.bind(this),
      workers: [own, ...scripts],
    };
  }

  /**
   * Reads and drops workerd's output. The output ends when workerd ends, and after a crash workerd is started again.
   * @param {import("node:stream").Readable} stdout @param {import("node:stream").Readable} stderr
   */
  #attend(stdout, stderr) {
    this.#latest = stderr;
    stdout.resume();
    stderr.resume().once("end", () => {
      if (this.#ready !== stderr) return;
      this.#death.abort();
      this.#death = new AbortController();
      this.#lock.forgetTraces();
      void this.#lock.runAlone(() => this.#run(this.#deployments));
    });
  }
}
