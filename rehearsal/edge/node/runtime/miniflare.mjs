/** Miniflare, loaded as the CommonJS that it is: `import` first parses its 4 MB twice, for 0.35 s of each start. */
import { createRequire } from "node:module";

/** @type {typeof import("miniflare")} */
const miniflare = createRequire(import.meta.url)("miniflare");

export const { Miniflare, MiniflareCoreError } = miniflare;
