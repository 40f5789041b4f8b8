import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import { Miniflare, MiniflareCoreError } from "./miniflare.mjs";
import { Rejected } from "./bindings.mjs";
import { QUIET, connectServices } from "./options.mjs";

const LINES = 4;
const CHARACTERS = 500;
/** An empty file for each code that has started once. It ends with the packages, so with this version of workerd. */
const TRIED = path.join(import.meta.dirname, "../../node_modules/.cache/building-vitals-tried");

/**
 * Tries a version with code that has not started on this machine yet.
 * @param {import("./options.mjs").Version} version @throws {Rejected}
 */
export async function validateOnce(version) {
  const file = path.join(TRIED, version.code);
  if (fs.existsSync(file)) return;
  await validate(version);
  try {
    fs.mkdirSync(TRIED, { recursive: true });
    fs.writeFileSync(file, "");
  } catch {} // it is tried again in the next run
}

/**
 * Starts a version in a runtime of its own with empty storage, and ends it, so that a failure does not disturb the others.
 * @param {import("./options.mjs").Version} version
 * @throws {Rejected} with the runtime's own message
 */
export async function validate(version) {
  let said = "";
  /** @type {Promise<unknown>} */
  let ended = Promise.resolve();
  /** @param {import("node:stream").Readable} stdout @param {import("node:stream").Readable} stderr */
  function handleRuntimeStdio(stdout, stderr) {
    stdout.resume();
    stderr.on("data", (chunk) => (said += chunk));
    ended = once(stderr, "end");
  }
  const options = { ...QUIET, ...connectServices(version, () => undefined, "/nowhere"), handleRuntimeStdio };
  /** @type {Miniflare | undefined} */
  let trial;
  try {
    trial = new Miniflare(/** @type {any} */ (options));
    await trial.ready;
  } catch (error) {
    await Promise.race([ended, sleep(500)]);
    throw new Rejected(shorten(explain(error, said), secretsOf(version.script)));
  } finally {
    await trial?.dispose().catch(() => {}); // it repeats the error of `ready`
  }
}

/** @param {unknown} error @param {string} said the output of workerd */
function explain(error, said) {
  if (said.trim()) return said;
  const code = error instanceof MiniflareCoreError ? error.code : undefined;
  // The message about invalid options shows their values, and these include secrets.
  return code && code !== "ERR_VALIDATION" ? /** @type {Error} */ (error).message : "the upload is malformed";
}

/** @param {import("./options.mjs").Script} script */
function secretsOf({ bindings }) {
  return bindings.filter(({ type, text }) => type === "secret_text" && text).map(({ text }) => String(text));
}

/** @param {string} message @param {string[]} secrets */
function shorten(message, secrets) {
  const plain = stripVTControlCharacters(message).replaceAll(/^service core:user:[^:]*: /gm, "");
  const safe = secrets.reduce((text, secret) => text.replaceAll(secret, "[secret]"), plain);
  const lines = safe.split("\n").filter((line) => line.trim() && !line.startsWith("stack: "));
  return lines.slice(0, LINES).join("\n").slice(0, CHARACTERS);
}
