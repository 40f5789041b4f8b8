/**
 * Lets requests through, except while the runtime is being swapped: then those under way are given time to end, and new
 * ones wait. A request has ended when its answer went out *and* its trace arrived, for workerd takes its trace with it.
 */
export class Gate {
  /** @type {Promise<void> | null} while held, what the waiting wait for */
  #held = null;
  #active = 0;
  /** @type {Set<string>} requests whose trace has not arrived */
  #untraced = new Set();
  /** @type {() => void} */
  #whenQuiet = () => {};
  /** @type {Promise<unknown>} the last swap in line */
  #last = Promise.resolve();
  #drainLimit;

  /** @param {number} drainLimit ms after which what is still under way is given up */
  constructor(drainLimit) {
    this.#drainLimit = drainLimit;
  }

  /**
   * Runs `work` as one of the things that a swap waits for.
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
      this.#settle();
    }
  }

  /** From now on a swap waits for this trace too. @param {string} id */
  expectTrace(id) {
    this.#untraced.add(id);
  }

  /** The trace arrived, or never will. @param {string} id */
  traced(id) {
    if (this.#untraced.delete(id)) this.#settle();
  }

  /** No trace under way will arrive: workerd is dead. */
  forgetTraces() {
    this.#untraced.clear();
    this.#settle();
  }

  /**
   * Runs `swap` alone: after the swaps before it, with nothing under way.
   * @template T
   * @param {() => Promise<T>} swap
   * @returns {Promise<T>}
   */
  alone(swap) {
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
      this.#whenQuiet = () => resolve(undefined);
      timer = setTimeout(this.#whenQuiet, this.#drainLimit);
      this.#settle();
    });
    clearTimeout(timer);
    this.#whenQuiet = () => {};
    this.#untraced.clear(); // those given up
  }

  #settle() {
    if (this.#active === 0 && this.#untraced.size === 0) this.#whenQuiet();
  }
}
