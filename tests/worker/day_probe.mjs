/**
 * Runs copyDay and reviseDay for one request each, without the rest of the worker: the body has the site's day, the limits
 * and the mode. POST /copy, POST /revise, POST /format (findMember and parseLengths of its body).
 * `meddle` puts another object before the next put, as another writer would.
 */
import { copyDay } from "../../workers/backfill/copy_day.js";
import { reviseDay } from "../../workers/backfill/revise_day.js";
import { findMember, formatLengths, parseLengths } from "../../workers/shared/day_object.js";
import { Failure } from "../../workers/shared/failure.js";

const MIB = 1024 * 1024;
const LIMITS = { answerMs: 25_000, answerBytes: 32 * MIB, attempts: 1, retryMs: 10, objectBytes: 32 * MIB };

function meddling(bucket) {
  const put = async (key, ...given) => {
    await bucket.put(key, "theirs");
    return bucket.put(key, ...given);
  };
  return { head: (...given) => bucket.head(...given), get: (...given) => bucket.get(...given), put };
}

function answerFormat({ names, lengths }) {
  const parsed = lengths.map((text) => parseLengths(text) ?? null);
  return { members: names.map(findMember), lengths: parsed, again: parsed.map((list) => list && formatLengths(list)) };
}

async function run(path, given, env) {
  if (path === "/format") return answerFormat(given);
  const { date, site = "odd", version = "version-2", meddle, pageSize = "10000", deadlineMs = 60_000, limits } = given;
  const bucket = meddle ? meddling(env.BUCKET) : env.BUCKET;
  const keyTemplate = "timeseries/{site}/{date}/data.ndjson.gz";
  const config = { baseUrl: env.ACE_BASE_URL, pageSize, keyTemplate, bucket, version };
  const all = { ...LIMITS, ...limits };
  const client = { key: "fake-ace-key-for-tests", agent: "test", limits: all, deadline: Date.now() + deadlineMs };
  const counters = { samples_fetched: 0, samples_written: 0 };
  const parts = [config, { site: { name: site }, date }, client, all, counters];
  const { source = "ace", dryRun = false } = given;
  const result = path === "/copy" ? await copyDay(...parts) : await reviseDay(...parts, { source, dryRun });
  return { result, counters };
}

export default {
  async fetch(request, env) {
    try {
      return Response.json(await run(new URL(request.url).pathname, await request.json(), env));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return Response.json({ code: error.code, message: error.message }, { status: 502 });
    }
  },
};
