/**
 * Two queues and their broker: at least once, delays, at most four retries, a dead-letter queue. The driver chooses the next
 * message, and may lose or double one. So no order is promised, as at Cloudflare.
 */
const MAX_BATCH = 100;
const MAX_RETRIES = 4;
const MAX_DELAY_S = 86_400;
const KINDS = { days: "consumer", dead: "dead" };

export class Queues {
  /**
   * @param {import("../world.mjs").World} world
   * @param {{latencyMs?: () => number}} [options]
   */
  constructor(world, { latencyMs = () => 0 } = {}) {
    Object.assign(this, { world, latencyMs });
    this.names = { days: "worker-days", dead: "worker-dead-days" };
    this.waiting = { days: new Map(), dead: new Map() }; // id -> message
    this.inFlight = { days: 0, dead: 0 };
    this.largest = 0;
    this.sent = 0;
    this.binding = {
      send: (body, options) => this.#send([{ body, ...options }]),
      sendBatch: (messages, options) => this.#send([...messages].map((message) => ({ ...options, ...message }))),
    };
  }

  async #send(messages) {
    if (messages.length === 0 || messages.length > MAX_BATCH) throw new Error(`a batch of ${messages.length} messages`);
    const copies = structuredClone(messages);
    await this.world.operate(
      `send ${messages.length}`,
      () => {
        const added = copies.map(({ body, delaySeconds }) => this.add("days", body, { delaySeconds }));
        this.sent += added.length;
        this.onSend?.(added);
      },
      this.latencyMs(),
    );
  }

  add(queue, body, { delaySeconds = 0, attempts = 0, origin, isDoubled = false } = {}) {
    if (!(delaySeconds >= 0 && delaySeconds <= MAX_DELAY_S)) throw new Error(`a delay of ${delaySeconds} seconds`);
    const id = (this.world.ids += 1);
    const at = this.world.now + delaySeconds * 1000;
    const message = { id, body, attempts, at, isDoubled, origin: origin ?? { id, at: this.world.now } };
    this.waiting[queue].set(id, message);
    this.largest = Math.max(this.largest, this.outstanding);
    this.onWaiting?.(queue, message);
    return message;
  }

  get outstanding() {
    return this.waiting.days.size + this.inFlight.days;
  }

  /** Returns the messages that may be delivered now. */
  due(queue) {
    return [...this.waiting[queue].values()].filter(({ at }) => at <= this.world.now);
  }

  next() {
    const all = [...this.waiting.days.values(), ...this.waiting.dead.values()];
    return all.reduce((least, { at }) => Math.min(least, at), Infinity);
  }

  /**
   * Delivers messages to a consumer.
   * @param {"days"|"dead"} queue
   * @param {object[]} messages
   * @param {(batch: object) => Promise<void>} call
   * @param {boolean} [doubled] the messages also remain in the queue
   */
  async deliver(queue, messages, call, doubled = false) {
    const verdicts = new Map();
    const shown = messages.map(({ id, body, attempts, origin }) => ({
      id: `${id}`,
      body: structuredClone(body),
      attempts: attempts + 1,
      timestamp: new Date(origin.at),
      ack: () => verdicts.set(id, "ack"),
      retry: ({ delaySeconds = 0 } = {}) => verdicts.has(id) || verdicts.set(id, delaySeconds),
    }));
    const batch = {
      queue: this.names[queue],
      messages: shown,
      ackAll: () => shown.forEach((message) => message.ack()),
      retryAll: (options) => shown.forEach((message) => message.retry(options)),
    };
    if (!doubled) for (const { id } of messages) this.waiting[queue].delete(id);
    this.inFlight[queue] += messages.length;
    return await this.world.spawn(KINDS[queue], () => call(batch), (end) => {
      this.inFlight[queue] -= messages.length;
      for (const message of messages) if (!doubled) this.#judge(queue, message, verdicts.get(message.id), end);
    });
  }

  #judge(queue, { body, attempts, origin, isDoubled }, verdict, { error, killed }) {
    if (!killed && (verdict === "ack" || (verdict === undefined && error === undefined))) return;
    const delaySeconds = killed || verdict === "ack" ? 0 : (verdict ?? 0);
    if (queue === "dead") this.add("dead", body, { delaySeconds, origin }); // kept: Cloudflare would lose it
    else if (attempts < MAX_RETRIES) this.add(queue, body, { delaySeconds, attempts: attempts + 1, origin, isDoubled });
    else this.add("dead", body, { origin });
  }
}
