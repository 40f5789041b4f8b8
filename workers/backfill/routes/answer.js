import { json } from "../../shared/answers.js";
import { describe } from "../../shared/failure.js";

/**
 * Returns the answer of GET /status and POST /trigger.
 * @param {{error?: import("../../shared/failure.js").Failure, progress?: import("./progress.js").Progress,
 *   continuation: boolean}} state
 * @param {object} [more]
 */
export function answer({ error, progress, continuation }, more) {
  const about = { progress, continuation, ...more };
  if (!error) return json(200, { status: continuation ? "in_progress" : "complete", ...about });
  return json(502, { status: "error", error: describe(error), ...about });
}
