import { Failure } from "./failure.js";

/** @typedef {{keyTemplate: string}} Layout */

/**
 * Returns the key of a day's object.
 * @param {Layout} layout
 * @param {string} site
 * @param {string} date
 */
export const formatKey = ({ keyTemplate }, site, date) => keyTemplate.replace("{site}", site).replace("{date}", date);

/**
 * Makes one call of R2 and turns its error into a Failure.
 * @template T
 * @param {string} problem how the message begins
 * @param {() => Promise<T>} call
 */
export async function callR2(problem, call) {
  try {
    return await call();
  } catch (error) {
    throw error instanceof Failure ? error : new Failure("storage", `${problem}: ${String(error).slice(0, 200)}`, 0);
  }
}
