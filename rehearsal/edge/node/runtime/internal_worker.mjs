import fs from "node:fs";
import { DIRECT_SOCKETS } from "./options.mjs";

/** The name of the edge's own worker. The names of the scripts' workers contain an @, so none has this name. */
export const INTERNAL = "internal";

const CODE = fs.readFileSync(new URL("internal_worker.js", import.meta.url), "utf8");

/**
 * Returns Miniflare's options of the edge's own worker.
 * @param {{
 *   token: string, buckets: Iterable<string>, collect: (trace: {text(): Promise<string>}) => Promise<void>,
 * }} options
 */
export function internalWorker({ token, buckets, collect }) {
  return {
    name: INTERNAL,
    modulesRoot: "/",
    modules: [{ type: "ESModule", path: "/internal.js", contents: CODE }],
    compatibilityDate: "2026-04-01",
    unsafeDirectSockets: DIRECT_SOCKETS,
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
