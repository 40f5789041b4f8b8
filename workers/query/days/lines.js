import { readChunks } from "../../shared/chunks.js";
import { Failure } from "../../shared/failure.js";
import { findName } from "../../shared/samples.js";

const MIN_BUFFER = 32 * 1024; // bytes that are decompressed at once
const MAX_BUFFER = 64 * 1024;

/**
 * Returns the size of the buffer for each of the members that are read side by side.
 * @param {number} members
 */
export const chooseBuffer = (members) => Math.max(MIN_BUFFER, Math.floor(MAX_BUFFER / Math.max(1, members)));

/**
 * Decompresses one gzip member and returns its text piece by piece, each with complete lines.
 * @param {Uint8Array} bytes
 * @param {string} date
 * @param {import("../budget.js").Budget} budget
 * @param {{lineLength: number, bufferBytes: number}} limits
 * @returns {AsyncGenerator<string>}
 */
export async function* readText(bytes, date, budget, { lineLength, bufferBytes }) {
  const compressed = /** @type {ReadableStream<Uint8Array>} */ (new Response(bytes).body);
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  let rest = "";
  try {
    for await (const chunk of readChunks(compressed.pipeThrough(new DecompressionStream("gzip")), bufferBytes)) {
      budget.check();
      const text = rest + decode(decoder, date, chunk);
      const end = text.lastIndexOf("\n") + 1;
      rest = text.slice(end);
      if (rest.length > lineLength)
        throw new Failure("storage", `the object of ${date} holds a line that is not a sample`);
      if (end > 0) yield text.slice(0, end);
    }
  } catch (error) {
    throw error instanceof Failure ? error : new Failure("storage", `the object of ${date} cannot be read: ${error}`);
  }
  rest += decode(decoder, date);
  if (rest !== "") yield `${rest}\n`;
}

/**
 * Calls `visit` for each line of a text, with its stored name, which is undefined for a line of another form. Returns
 * the number of lines.
 * @param {string} text complete lines
 * @param {(name: string|undefined, from: number, to: number) => void} visit
 */
export function walkLines(text, visit) {
  let count = 0;
  for (let from = 0; from < text.length; count += 1) {
    const to = text.indexOf("\n", from);
    visit(findName(text, from, to), from, to);
    from = to + 1;
  }
  return count;
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
