import { readChunks } from "../../shared/chunks.js";
import { Failure } from "../../shared/failure.js";
import { splitLine } from "../../shared/samples.js";

/** @typedef {NonNullable<ReturnType<typeof splitLine>>} Line */

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
 * Yields the rows of a gzip member, many at once. Throws a Failure for a line that is not in the stored form.
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
    yield lines.map((line) => split(line, date));
  }
  rest += decode(decoder, date);
  if (rest !== "") yield [split(rest, date)];
}

/**
 * @param {string} line
 * @param {string} date
 * @returns {Line & {line: string}}
 */
function split(line, date) {
  const parts = splitLine(line);
  if (parts === undefined) throw new Failure("storage", `the object of ${date} has a line that is not a sample`);
  return { ...parts, line };
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
