import { Failure } from "../shared/failure.js";

/** @typedef {ReturnType<typeof openBudget>} Budget */

/**
 * Starts the deadline of one answer. It holds for every step, a step that hangs included.
 * @param {number} budgetMs
 */
export function openBudget(budgetMs) {
  const end = Date.now() + budgetMs;
  const failure = new Failure("over_budget", `the answer takes more than ${budgetMs} ms: request fewer days`);
  /** @type {ReturnType<typeof setTimeout>|null} */
  let timer = null;
  /** @type {Promise<never>} */
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(failure), budgetMs);
  });
  late.catch(() => {}); // it may be rejected while no step waits for it
  return {
    /**
     * Returns the result of a step, or throws the Failure at the deadline.
     * @template T
     * @param {Promise<T>} work
     */
    async within(work) {
      const done = await Promise.race([work, late]);
      if (Date.now() >= end) throw failure; // a step that never waits keeps the timer from firing
      return done;
    },
    /** Throws the Failure after the deadline. It is for steps that cannot hang, and costs less than `within`. */
    check() {
      if (Date.now() >= end) throw failure;
    },
    close: () => clearTimeout(timer),
  };
}
