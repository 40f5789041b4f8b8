import { readChunks } from "../../shared/chunks.js";
import { Failure } from "../../shared/failure.js";
import { splitLine } from "../../shared/samples.js";

/**
 * Yields the text of a gzip member as chunks of bytes. Throws a Failure when it cannot be decompressed.
 * @param {ReadableStream<Uint8Array>} compressed
 * @param {string} date of the object, for the message
 */
export async function* readBytes(compressed, date) {
  try {
    yield* readChunks(compressed.pipeThrough(new DecompressionStream("gzip")));
  } catch (error) {
    if (error instanceof Failure) throw error; // of the code that takes the chunks
    throw new Failure("storage", `the object of ${date} cannot be read: ${String(error).slice(0, 100)}`);
  }
}

/**
 * Yields the lines of a gzip member, many at once.
 * @param {ReadableStream<Uint8Array>} compressed
 * @param {string} date of the object, for the message
 * @param {(bytes: Uint8Array) => Promise<void>} [onBytes] gets the text, too
 */
export async function* readLines(compressed, date, onBytes) {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let rest = "";
  for await (const chunk of readBytes(compressed, date)) {
    await onBytes?.(chunk);
    const lines = `${rest}${decode(decoder, date, chunk)}`.split("\n");
    rest = lines.pop() ?? "";
    yield lines;
  }
  rest += decode(decoder, date);
  if (rest !== "") yield [rest];
}

/**
 * Returns whether all lines of one member are lines of another one, in the same order.
 * @param {Blob} inner
 * @param {Blob} outer
 * @param {string} date
 */
export async function isWithin(inner, outer, date) {
  const batches = readLines(inner.stream(), date);
  /** @type {string[]} */
  let wanted = [];
  let at = 0;
  let isEnd = false;
  try {
    for await (const lines of readLines(outer.stream(), date)) {
      for (const line of lines) {
        while (at === wanted.length && !isEnd) {
          const { done, value } = await batches.next();
          [wanted, at, isEnd] = [value ?? [], 0, done === true];
        }
        if (isEnd) return true;
        if (wanted[at] === line) at += 1;
      }
    }
    return at === wanted.length && (isEnd || (await batches.next()).done === true);
  } finally {
    await batches.return(undefined);
  }
}

/**
 * Returns the parts of a line. Throws a Failure for a line that is not in the stored form.
 * @param {string} line
 * @param {string} date
 */
export function split(line, date) {
  const parts = splitLine(line);
  if (parts !== undefined) return parts;
  throw new Failure("storage", `the object of ${date} has a line that is not a sample`);
}

/**
 * @param {TextDecoder} decoder
 * @param {string} date
 * @param {Uint8Array} [bytes] absent at the end
 */
function decode(decoder, date, bytes) {
  try {
    return decoder.decode(bytes, { stream: bytes !== undefined });
  } catch {
    throw new Failure("storage", `the object of ${date} is not UTF-8`);
  }
}
