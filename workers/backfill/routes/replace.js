/** POST /replace: reads a stored day again, and stores a new revision where it differs. */
import { json, refuse } from "../../shared/answers.js";
import { describe, Failure } from "../../shared/failure.js";
import { runLogged } from "../control/logged_run.js";
import { makeCounters } from "../queue/tools.js";
import { revise } from "../queue/work.js";
import { readDay, refuseParameters } from "./parameters.js";

/**
 * @typedef {import("../settings.js").Config} Config
 * @typedef {import("../queue/tools.js").Tools} Tools
 */

const BUSY = "another run works on the day, or its re-check is due. Repeat the request later";
const TOO_LONG = "ACE did not send the whole day within 5 minutes. See pageSize in docs/scale.md";
const PARAMETERS = { source: ["ace", "stored"], dry_run: ["true", "false"] };

/**
 * Answers POST /replace, which names a site and a day.
 * @param {Request} request
 * @param {Config} config
 * @param {Tools} tools
 * @param {ExecutionContext} context
 */
export async function replyReplace(request, config, tools, context) {
  const { values, rest, problems } = readDay(request, config, tools.now(), { site: true, day: true }, PARAMETERS);
  const { site, day } = values;
  if (Object.keys(problems).length > 0 || !site || !day) return refuseParameters(problems);
  /** @type {"ace"|"stored"} */
  const source = rest.source === "stored" ? "stored" : "ace";
  const options = { source, dryRun: rest.dry_run === "true" };
  const running = replace(config, tools, { site, date: day }, options);
  context.waitUntil(running.catch(() => {})); // so that the new revision is stored after its client has gone
  try {
    const revised = await running;
    if ("heldMs" in revised) return refuse(409, { code: "busy", message: BUSY });
    const { result, revision, rows } = revised.result;
    if (result === "conflict") return refuse(409, { code: "busy", message: BUSY });
    if (result === "absent") return refuse(404, { code: "not_stored", message: "the day is not stored" });
    if (result !== "unfinished") return json(200, { status: result, site, day, revision, rows });
    return refuse(502, { code: "over_budget", message: TOO_LONG });
  } catch (error) {
    if (error instanceof Failure) return refuse(502, describe(error));
    throw error;
  }
}

/**
 * Revises a day. A revision that is stored is an entry of the run log.
 * @param {Config} config
 * @param {Tools} tools
 * @param {import("../control/objects.js").Day} day
 * @param {{source: "ace"|"stored", dryRun: boolean}} options
 */
async function replace(config, tools, day, options) {
  const { limits } = tools;
  const client = { key: config.key, agent: tools.agent, limits, deadline: Date.now() + limits.replaceMs };
  const counters = makeCounters();
  const job = { client, counters, ...options };
  if (options.dryRun) return revise(config, tools, day, job);
  const run = await runLogged(config, "http", limits.logRateLimitMs, counters, async () => {
    const revised = await revise(config, tools, day, job);
    const done = "heldMs" in revised ? undefined : revised.result;
    const isSuccess = done?.result === "revised" || done?.result === "unchanged";
    return { stored: 0, rechecked: isSuccess ? 1 : 0, kept: isSuccess ? (done?.rows?.kept ?? 0) : 0, revised };
  });
  return run.revised;
}
