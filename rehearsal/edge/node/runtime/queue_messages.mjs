/**
 * @typedef {{id: string, timestamp: number, attempts: number, content_type: string, body: string}} Message a message
 *   as the local Cloudflare holds it, its body in base64
 */

/** The outcome of a handler that workerd did not survive. */
const KILLED = { outcome: "killed" };

/** Calls the queue handler of a worker. @param {any} worker @param {string} queue @param {Message[]} messages */
export function deliver(worker, queue, messages) {
  return worker.queue(queue, messages.map(decode));
}

/**
 * Waits for the result of a handler.
 * @param {Promise<any>} handler @param {AbortSignal} death aborted when workerd dies, because the call would then wait for
 *   ever
 */
export function untilDeath(handler, death) {
  const killed = new Promise((resolve) => death.addEventListener("abort", () => resolve(KILLED), { once: true }));
  return Promise.race([handler.catch(() => KILLED), killed]);
}

/** Returns a message as workerd takes it. @param {Message} message */
function decode({ id, timestamp, attempts, content_type, body }) {
  const bytes = Buffer.from(body, "base64");
  const about = { id, timestamp: new Date(timestamp), attempts };
  if (content_type === "text") return { ...about, body: bytes.toString() };
  if (content_type === "json") return { ...about, body: JSON.parse(bytes.toString()) };
  const copy = new Uint8Array(bytes);
  return content_type === "bytes" ? { ...about, body: copy } : { ...about, serializedBody: copy };
}
