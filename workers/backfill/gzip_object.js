import { Failure } from "../shared/failure.js";

/** @param {ArrayBuffer} buffer */
export const formatHex = (buffer) =>
  Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");

/**
 * Compresses text with gzip and computes its SHA-256. The object stays in memory until it is complete, because R2
 * needs its length.
 * @param {number} maxBytes compressed
 */
export function openObject(maxBytes) {
  const gzip = new CompressionStream("gzip");
  const digest = new crypto.DigestStream("SHA-256");
  const writers = [gzip.writable.getWriter(), digest.getWriter()];
  /** @type {Uint8Array[]} */
  const chunks = [];
  let size = 0;
  const collected = (async () => {
    for await (const chunk of gzip.readable) {
      size += chunk.byteLength;
      if (size <= maxBytes) chunks.push(chunk); // the rest is read and dropped, so that the writer can end
    }
  })();
  for (const promise of [collected, digest.digest]) promise.catch(() => {}); // only `close` awaits them
  const refuseTooLarge = () => {
    if (size > maxBytes)
      throw new Failure("storage", `a day exceeds ${maxBytes} bytes compressed. Nothing was written`);
  };
  return {
    async append(/** @type {Uint8Array} */ bytes) {
      await Promise.all(writers.map((writer) => writer.write(bytes)));
      refuseTooLarge();
    },
    async close() {
      await Promise.all([...writers.map((writer) => writer.close()), collected]);
      refuseTooLarge();
      return { body: new Blob(chunks), sha256: formatHex(await digest.digest) };
    },
    abandon: () => Promise.allSettled(writers.map((writer) => writer.abort())),
  };
}
