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

/**
 * Lists objects of a bucket, page by page. Throws a Failure.
 * @param {R2Bucket} bucket
 * @param {R2ListOptions} options
 * @returns {AsyncGenerator<R2Object[]>}
 */
export async function* listPages(bucket, options) {
  /** @type {string|undefined} */
  let cursor;
  do {
    const at = cursor;
    const page = await callR2("R2 list failed", () => bucket.list({ ...options, cursor: at }));
    yield page.objects;
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor !== undefined);
}
