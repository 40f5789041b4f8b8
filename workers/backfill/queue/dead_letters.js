/** The consumer of the dead-letter queue. Only days that no consumer could end reach it, because Cloudflare ended them. */
import { Failure } from "../../shared/failure.js";
import { writeLog } from "../../shared/log.js";
import { recordFailure } from "../control/failures.js";
import { findDelay } from "./consumer.js";
import { readMessage } from "./message.js";
import { isDone } from "./work.js";

/**
 * Records a failure for each day that is not done. A message is delivered again later while R2 fails.
 * @param {MessageBatch} batch
 * @param {import("../settings.js").Config} config
 * @param {import("./tools.js").Tools} tools
 */
export async function recordDeadLetters({ messages }, config, { limits, now }) {
  const killed = `Cloudflare ended the worker that worked on the day (CPU or memory), in ${limits.deliveries} deliveries`;
  for (const message of messages) {
    const order = readMessage(message.body, config, now());
    try {
      if (typeof order === "string") {
        writeLog("log", "[Backfill] Message dropped", { reason: order });
      } else if (!(await isDone(config, order, now()))) {
        await recordFailure(config, order, { code: "killed", message: killed }, now());
      }
      message.ack();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      message.retry({ delaySeconds: findDelay(message, error) });
    }
  }
}
