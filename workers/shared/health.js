import { writeLog } from "./log.js";

/**
 * Decides whether a worker is healthy: all bindings are usable and the bucket answers. The log names the unusable
 * bindings. The answer does not.
 * @param {string[]} problems names of the unusable bindings
 * @param {() => Promise<unknown>} callBucket
 * @param {string} tag of the log line
 * @returns {Promise<[number, string]>} the answer's status code and the status that its body has
 */
export async function judgeHealth(problems, callBucket, tag) {
  if (problems.length === 0) await callBucket().catch((error) => problems.push(`BUCKET: ${error.message}`));
  if (problems.length > 0) writeLog("error", `${tag} Unhealthy`, { unusable: problems });
  const [code, status] = problems.length > 0 ? [503, "unhealthy"] : [200, "healthy"];
  return [code, status];
}
