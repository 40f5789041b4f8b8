/** The consumer of the dead-letter queue. Only days whose consumers were killed reach it. */
import { writeLog } from "../../shared/log.js";
import { recordFailure } from "../control/failures.js";
import { readMessage } from "./message.js";
import { isDone } from "./work.js";

/**
 * Records a failure for each day that is not done.
 * @param {MessageBatch} batch
 * @param {import("../settings.js").Config} config
 * @param {import("./tools.js").Tools} tools
 */
export async function recordDeadLetters({ messages }, config, { limits, now }) {
  const killed = `Cloudflare ended the worker that worked on the day (CPU or memory), in ${limits.deliveries} deliveries`;
  for (const message of messages) {
    const order = readMessage(message.body, config, now());
    if (typeof order === "string") {
      writeLog("log", "[Backfill] Message dropped", { reason: order });
    } else if (!(await isDone(config, order, now()))) {
      await recordFailure(config, order, { code: "killed", message: killed }, now());
    }
    message.ack();
  }
}
