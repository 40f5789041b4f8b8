/**
 * The work of `scripts/bench copy` in workerd: POST /load fetches the day as NDJSON, POST /compress compresses it with one
 * stream, POST /copy and /revise run the worker's own code, /copy with several days at once. Each answers with the milliseconds
 * that it took.
 */
import { copyDay } from "../../workers/backfill/copy_day.js";
import { LIMITS } from "../../workers/backfill/limits.js";
import { reviseDay } from "../../workers/backfill/revise_day.js";

const DAY = { site: { name: "large" }, date: "2024-12-10" };
const pages = [];

async function load(ace) {
  for (let number = 0; ; number += 1) {
    const response = await fetch(`${ace}/ndjson/${number}`);
    if (response.status === 404) return pages.length;
    pages.push(new Uint8Array(await response.arrayBuffer()));
  }
}

async function compress() {
  const { readable, writable } = new CompressionStream("gzip");
  const read = (async () => {
    let size = 0;
    for await (const chunk of readable) size += chunk.byteLength;
    return size;
  })();
  const writer = writable.getWriter();
  for (const page of pages) await writer.write(page);
  await writer.close();
  return read;
}

async function run(path, { pageSize, days }, env) {
  if (path === "/load") return load(env.ACE_BASE_URL);
  if (path === "/compress") return compress();
  const keyTemplate = "timeseries/{site}/{date}/data.ndjson.gz";
  const config = { baseUrl: env.ACE_BASE_URL, pageSize, keyTemplate, bucket: env.BUCKET, version: "bench" };
  const client = { key: "fake-key", agent: "bench", limits: LIMITS, deadline: Date.now() + 600_000 };
  const counters = { samples_fetched: 0, samples_written: 0 };
  const parts = [config, DAY, client, LIMITS, counters];
  if (path === "/revise") return reviseDay(...parts, { source: "ace", dryRun: false });
  const copies = Array.from({ length: days }, (_, number) => {
    const site = { name: number === 0 ? DAY.site.name : `large-${number}` };
    return copyDay(config, { ...DAY, site }, client, LIMITS, counters);
  });
  return [...new Set(await Promise.all(copies))].join();
}

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/idle") return new Response();
    const given = await request.json();
    const begun = Date.now();
    const result = await run(pathname, given, env);
    return Response.json({ ms: Date.now() - begun, result });
  },
};
