/**
 * Reads and writes the buckets of all workers, and calls their handlers, within workerd. (A proxy of Miniflare for a bucket
 * needs ten times the CPU time.) The header X-Operation has {op, bucket, key, custom, worker, queue, body, attempts} as JSON.
 * The body of a `put` is the object's. The header X-Found of the answer has the result of an operation.
 */
const shown = (object) =>
  object && { key: object.key, size: object.size, etag: object.etag, http: object.httpMetadata, custom: object.customMetadata };
const bucketOf = (env, name) => env[`bucket ${name}`];
const workerOf = (env, name) => env[`worker ${name}`];
const listKeys = async (bucket) => (await bucket.list()).objects.map(({ key }) => key);

const operations = {
  async put(env, { bucket, key, custom }, content) {
    return [shown(await bucketOf(env, bucket).put(key, content ?? "", { customMetadata: custom }))];
  },
  async get(env, { bucket, key }) {
    const object = await bucketOf(env, bucket).get(key);
    return [shown(object), object?.body];
  },
  async list(env, { bucket }) {
    return [await listKeys(bucketOf(env, bucket))];
  },
  async delete(env, { bucket, keys }) {
    return [await bucketOf(env, bucket).delete(keys)];
  },
  async clear(env, { bucket }) {
    const keys = await listKeys(bucketOf(env, bucket));
    return [keys.length > 0 ? await bucketOf(env, bucket).delete(keys) : null];
  },
  async cron(env, { worker }) {
    return [await workerOf(env, worker).scheduled({ cron: "*/5 * * * *", scheduledTime: new Date() })];
  },
  /** Delivers one message, as a queue does. */
  async queue(env, { worker, queue, body, attempts }) {
    const message = { id: "1", timestamp: new Date(), attempts, body };
    const { outcome, explicitAcks, retryMessages, retryBatch } = await workerOf(env, worker).queue(queue, [message]);
    const retry = retryMessages[0] ?? (retryBatch.retry && retryBatch);
    return [{ outcome, acked: explicitAcks.length > 0, retried: Boolean(retry), delay: retry ? (retry.delaySeconds ?? 0) : null }];
  },
};

export default {
  async fetch(request, env) {
    const { op, ...given } = JSON.parse(decodeURIComponent(request.headers.get("X-Operation")));
    try {
      const [found, body] = await operations[op](env, given, request.body);
      return new Response(body, { headers: { "X-Found": encodeURIComponent(JSON.stringify(found ?? null)) } });
    } catch (error) {
      return new Response(String(error?.stack ?? error), { status: 500 });
    }
  },
};
