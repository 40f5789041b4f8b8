/**
 * The streams of workerd, with `readAtLeast`, and blobs. Their bytes are known as a whole, so nothing waits for a thread and
 * a run depends on its seed alone.
 */
import { createHash } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";

export const view = (bytes) =>
  ArrayBuffer.isView(bytes) ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) : Buffer.from(bytes);
export const copyOf = (bytes) => Uint8Array.from(bytes).buffer;

class PlainReader {
  #at = 0;

  constructor(bytes) {
    this.bytes = bytes;
  }

  async readAtLeast(_least, target) {
    const bytes = await this.bytes;
    const { byteOffset, byteLength } = target;
    const buffer = target.buffer.transfer();
    const part = bytes.subarray(this.#at, this.#at + byteLength);
    new Uint8Array(buffer).set(part, byteOffset);
    this.#at += part.length;
    return { done: part.length === 0, value: new Uint8Array(buffer, byteOffset, part.length) };
  }

  async read(target) {
    if (target !== undefined) return this.readAtLeast(1, target);
    const part = (await this.bytes).subarray(this.#at);
    this.#at += part.length;
    return part.length === 0 ? { done: true, value: undefined } : { done: false, value: Uint8Array.from(part) };
  }

  async cancel() {}

  releaseLock() {}
}

/** A readable stream of known bytes, or of a promise of them. */
export class PlainStream {
  constructor(bytes) {
    this.bytes = bytes;
  }

  getReader() {
    return new PlainReader(this.bytes);
  }

  pipeThrough({ readable, writable }) {
    const writer = writable.getWriter();
    const move = async () => {
      await writer.write(await this.bytes);
      await writer.close();
    };
    move().catch((error) => writer.abort(error).catch(() => {}));
    return readable;
  }

  async *[Symbol.asyncIterator]() {
    const bytes = await this.bytes;
    if (bytes.length > 0) yield Uint8Array.from(bytes);
  }
}

/** Returns a stream class whose output is a function of its whole input. */
function makeTransformer(transform) {
  return class {
    constructor() {
      const chunks = [];
      const end = Promise.withResolvers();
      end.promise.catch(() => {});
      const close = () => {
        try {
          end.resolve(transform(Buffer.concat(chunks)));
        } catch (error) {
          end.reject(new TypeError(String(error)));
        }
      };
      const write = (chunk) => void chunks.push(Buffer.from(view(chunk))); // the writer may use its memory again
      this.writable = new WritableStream({ write, close, abort: (reason) => end.reject(reason) });
      this.readable = new PlainStream(end.promise);
    }
  };
}

export const CompressionStream = makeTransformer(gzipSync);
export const DecompressionStream = makeTransformer(gunzipSync);

export class DigestStream extends WritableStream {
  constructor(name) {
    const hash = createHash(name.replace("-", "").toLowerCase());
    const end = Promise.withResolvers();
    end.promise.catch(() => {});
    super({
      write: (chunk) => void hash.update(chunk),
      close: () => end.resolve(copyOf(hash.digest())),
      abort: (reason) => end.reject(reason),
    });
    this.digest = end.promise;
  }
}

export class PlainBlob {
  constructor(parts = []) {
    this.bytes = Buffer.concat(
      parts.map((part) => (part instanceof PlainBlob ? part.bytes : Buffer.from(typeof part === "string" ? part : view(part)))),
    );
    this.size = this.bytes.length;
  }

  slice(from, to) {
    return new PlainBlob([this.bytes.subarray(from, to)]);
  }

  stream() {
    return new PlainStream(this.bytes);
  }

  async arrayBuffer() {
    return copyOf(this.bytes);
  }

  async text() {
    return this.bytes.toString();
  }
}
