import { describe, Failure } from "../shared/failure.js";
import { writeLog } from "../shared/log.js";

/**
 * Returns the answer as a stream that the reader pulls, so that a slow reader slows R2. A Failure adds its reason, leaves
 * out the closing brace and errors the stream. The brace matters, because workerd ends an errored body as if it were
 * complete.
 * @param {AsyncGenerator<string>} pieces
 * @param {string} first
 * @param {() => void} close
 */
export function streamAnswer(pieces, first, close) {
  const utf8 = new TextEncoder();
  let pending = first;
  /** @type {Failure|undefined} */
  let failure;
  /** @param {ReadableStreamDefaultController<Uint8Array>} controller */
  async function pull(controller) {
    if (failure) {
      controller.error(failure);
      return;
    }
    try {
      while (pending === "") {
        const { done, value } = await pieces.next();
        if (done) {
          close();
          controller.close();
          return;
        }
        pending = value;
      }
      controller.enqueue(utf8.encode(pending));
      pending = "";
    } catch (error) {
      failure = reportFailure(error);
      close();
      controller.enqueue(utf8.encode(`\n],"error":${JSON.stringify(describe(failure))}\n`));
    }
  }
  async function cancel() {
    close();
    await pieces.return(undefined);
  }
  return new ReadableStream({ pull, cancel }, { highWaterMark: 0 });
}

/**
 * Logs the cause of an incomplete answer and returns it as a Failure.
 * @param {unknown} error
 */
export function reportFailure(error) {
  const failure =
    error instanceof Failure ? error : new Failure("storage", "unexpected error. The worker's log has the reason");
  const reason = error instanceof Failure ? error.message : String(error);
  writeLog("error", "[Query] Failed", { code: failure.code, reason });
  return failure;
}
