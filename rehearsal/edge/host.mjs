import fs from "node:fs";

/** The name of the edge's own worker; no script's worker has it, for theirs hold an @. */
export const HOST = "host";

const CODE = fs.readFileSync(new URL("host.worker.js", import.meta.url), "utf8");

/**
 * Miniflare's options of the edge's own worker.
 * @param {{
 *   token: string, buckets: Iterable<string>, collect: (trace: {text(): Promise<string>}) => Promise<void>,
 * }} options
 */
export function host({ token, buckets, collect }) {
  return {
    name: HOST,
    modulesRoot: "/",
    modules: [{ type: "ESModule", path: "/host.js", contents: CODE }],
    compatibilityDate: "2026-04-01",
    unsafeDirectSockets: [{ port: 0 }],
    bindings: { TOKEN: token },
    r2Buckets: Object.fromEntries([...buckets].map((bucket) => [bucket, bucket])),
    serviceBindings: {
      COLLECTOR: async (/** @type {any} */ request) => {
        await collect(request);
        return new Response();
      },
    },
  };
}
