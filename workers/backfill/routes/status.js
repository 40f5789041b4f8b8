/** The answer of GET /status, from the bucket alone. */
import { Failure } from "../../shared/failure.js";
import { readLastRuns } from "../control/logged_run.js";
import { nameDay } from "../control/objects.js";
import { readPause } from "../control/pause.js";
import { surveyDays } from "../queue/survey.js";
import { answer } from "./answer.js";
import { formatProgress } from "./progress.js";

/**
 * @typedef {import("../queue/survey.js").SiteDays} SiteDays
 * @typedef {import("../queue/survey.js").Survey} Survey
 */

const EMPTY_BYTES = 32; // at most, of the object of a day without rows

/**
 * Answers with the totals, the sites, the pause and the last runs.
 * @param {import("../settings.js").Config} config
 * @param {import("../queue/tools.js").Tools} tools
 * @param {import("../queue/tools.js").Counters} counters of the last batch
 */
export async function replyStatus(config, { limits, now }, counters) {
  const last = readLastRuns(config, limits.logRateLimitMs);
  try {
    const survey = await surveyDays(config, now());
    const progress = formatProgress(survey, counters, new Set());
    const continuation = progress.days_complete < progress.days_total;
    const sites = survey.sites.map((site) => describeSite(site, survey.control));
    const paused = survey.control.hasPause ? await readPause(config) : null;
    return answer({ progress, continuation }, { sites, paused, ...(await last) });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return answer({ error, continuation: true }, await last);
  }
}

/**
 * @param {SiteDays} site
 * @param {Survey["control"]} control
 */
function describeSite({ name, due, stored, missing }, { failures }) {
  const sizes = due.flatMap((date) => stored.get(date)?.size ?? []);
  return {
    name,
    due: due.length,
    stored: sizes.length,
    empty: sizes.filter((size) => size <= EMPTY_BYTES).length,
    missing: missing.length,
    failed: due.filter((date) => failures.has(nameDay({ site: name, date }))).length,
    oldest_missing: missing[0] ?? null,
    newest_stored: due.findLast((date) => stored.has(date)) ?? null,
  };
}
