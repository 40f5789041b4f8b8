/**
 * Lets requests pass, except while the runtime is swapped. A swap waits until the present requests end, and new
 * requests wait until the swap ends. A request ends when its response is sent and its trace has arrived, because a
 * workerd that stops takes its traces with it.
 */
export class SwapLock {
  /** @type {Promise<void> | null} ends with the present swap, null without one */
  #held = null;
  #active = 0;
  /** @type {Set<string>} the requests without an arrived trace */
  #untraced = new Set();
  /** @type {() => void} */
  #whenDrained = () => {};
  /** @type {Promise<unknown>} the last swap in the queue */
  #last = Promise.resolve();
  #drainLimit;

  /** @param {number} drainLimit ms after which a swap no longer waits for the present requests */
  constructor(drainLimit) {
    this.#drainLimit = drainLimit;
  }

  /**
   * Runs `work` as a request. A swap waits until it ends.
   * @template T
   * @param {() => Promise<T>} work
   */
  async pass(work) {
    while (this.#held) await this.#held;
    this.#active++;
    try {
      return await work();
    } finally {
      this.#active--;
      this.#notify();
    }
  }

  /** Makes swaps wait for this trace too. @param {string} id */
  expectTrace(id) {
    this.#untraced.add(id);
  }

  /** Records that the trace arrived, or that it cannot arrive. @param {string} id */
  traced(id) {
    if (this.#untraced.delete(id)) this.#notify();
  }

  /** Expects no trace any more, because workerd has died. */
  forgetTraces() {
    this.#untraced.clear();
    this.#notify();
  }

  /**
   * Runs `swap` after the earlier swaps and without any request beside it.
   * @template T
   * @param {() => Promise<T>} swap
   * @returns {Promise<T>}
   */
  runAlone(swap) {
    const turn = this.#last.then(() => this.#swap(swap));
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** @template T @param {() => Promise<T>} swap */
  async #swap(swap) {
    let release = () => {};
    this.#held = new Promise((resolve) => (release = () => resolve(undefined)));
    try {
      await this.#drain();
      return await swap();
    } finally {
      this.#held = null;
      release();
    }
  }

  async #drain() {
    /** @type {NodeJS.Timeout | undefined} */
    let timer;
    await new Promise((resolve) => {
      this.#whenDrained = () => resolve(undefined);
      timer = setTimeout(this.#whenDrained, this.#drainLimit);
      this.#notify();
    });
    clearTimeout(timer);
    this.#whenDrained = () => {};
    this.#untraced.clear(); // after the limit, the swap ends these requests
  }

  #notify() {
    if (this.#active === 0 && this.#untraced.size === 0) this.#whenDrained();
  }
}
