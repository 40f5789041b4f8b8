/** Does the same operations in the simulated R2 and in Miniflare's, and prints both lists of answers as JSON. */
import { createRequire } from "node:module";

const { Miniflare } = createRequire(new URL("../../../../rehearsal/edge/package.json", import.meta.url))("miniflare");
const text = async (found) => (found?.text ? await found.text() : null);
const show = (found) => found && { key: found.key, etag: found.etag, size: found.size, custom: found.customMetadata };
const absent = { onlyIf: { etagDoesNotMatch: "*" } };

/** The operations, each with its answer. */
async function* operate(bucket) {
  const first = await bucket.put("a/1", "one", { ...absent, customMetadata: { x: "1" } });
  yield show(first);
  yield show(await bucket.put("a/1", "other", absent));
  yield show(await bucket.put("a/1", "two", { onlyIf: { etagMatches: "wrong" } }));
  yield show(await bucket.put("a/1", "two", { onlyIf: { etagMatches: first.etag } }));
  yield show(await bucket.put("a/none", "two", { onlyIf: { etagMatches: first.etag } }));
  yield show(await bucket.put("a/2", new Blob(["two"])));
  yield show(await bucket.put("a/1", "two", { onlyIf: { etagDoesNotMatch: first.etag } }));
  yield await text(await bucket.get("a/1"));
  yield await text(await bucket.get("a/1", { range: { offset: 1, length: 1 } }));
  yield await text(await bucket.get("a/1", { onlyIf: { etagMatches: first.etag } }));
  yield [await bucket.get("none"), await bucket.head("none"), show(await bucket.head("a/2"))];
  yield (await bucket.delete(["a/2", "none"])) ?? null;
  for (const number of [3, 10, 4]) await bucket.put(`b/${number}`, "x", { customMetadata: { n: `${number}` } });
  for (let options = { prefix: "b/", limit: 2, include: ["customMetadata"] }; options; ) {
    const page = await bucket.list(options);
    yield [page.objects.map(show), page.truncated, page.delimitedPrefixes];
    options = page.truncated ? { ...options, cursor: page.cursor } : undefined;
  }
  yield (await bucket.list({ prefix: "b/", startAfter: "b/3" })).objects.map(({ key }) => key);
  yield (await bucket.list({ prefix: "none/" })).objects;
}

async function collect(bucket) {
  const answers = [];
  for await (const answer of operate(bucket)) answers.push(answer);
  return answers;
}

const mf = new Miniflare({ cf: false, modules: true, script: "export default {}", r2Buckets: ["B"], compatibilityDate: "2026-04-01" });
const real = await collect(await mf.getR2Bucket("B"));
await mf.dispose();

const { R2 } = await import("./r2.mjs");
const { install } = await import("./globals.mjs");
const { World } = await import("../world.mjs");
const print = process.stdout.write.bind(process.stdout);
const world = new World({ now: 0 });
install(world);
let simulated;
await world.spawn("cron", async () => void (simulated = await collect(new R2(world).binding)));
while (world.pending.size > 0) await world.release(world.due()[0]);
print(JSON.stringify({ real, simulated }));
