/** @typedef {ReturnType<typeof openBucket>} Bucket */

/**
 * Returns the bucket's calls within the deadline of an answer. At most `requests` calls run at once, because Cloudflare
 * lets a worker wait for six answers. A body counts until it is read.
 * @param {R2Bucket} bucket
 * @param {import("../budget.js").Budget} budget
 * @param {number} requests
 */
export function openBucket(bucket, budget, requests) {
  let free = requests;
  /** @type {(() => void)[]} */
  const waiting = [];
  /**
   * @template T
   * @param {() => Promise<T>} call
   */
  async function run(call) {
    if (free > 0) free -= 1;
    else await budget.within(new Promise((resolve) => waiting.push(() => resolve(undefined))));
    try {
      return await budget.within(call());
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  }
  return {
    list: (/** @type {R2ListOptions} */ options) => run(() => bucket.list(options)),
    head: (/** @type {string} */ key) => run(() => bucket.head(key)),
    /**
     * Returns the bytes of a range, null without an object, undefined when the object has another ETag.
     * @param {string} key
     * @param {string} etag
     * @param {{offset: number, length: number}} range
     */
    readRange: (key, etag, range) =>
      run(async () => {
        const object = await bucket.get(key, { range, onlyIf: { etagMatches: etag } });
        if (object === null) return null;
        return "body" in object ? new Uint8Array(await object.arrayBuffer()) : undefined;
      }),
  };
}
