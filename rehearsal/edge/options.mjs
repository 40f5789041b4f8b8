import { createHash } from "node:crypto";
import path from "node:path";
import { Rejected, translate } from "./bindings.mjs";

/**
 * @typedef {{
 *   name: string, modules: Record<string, string>, main_module: string, compatibility_date: string,
 *   compatibility_flags: string[], bindings: import("./bindings.mjs").Binding[], version: Record<string, string>,
 * }} Script one uploaded version, its modules in base64
 * @typedef {{digest: string, script: Script, options: Record<string, any>}} Version one that may be run
 */

const MODULE_TYPES = {
  ".js": "ESModule",
  ".mjs": "ESModule",
  ".cjs": "CommonJS",
  ".wasm": "CompiledWasm",
  ".txt": "Text",
  ".html": "Text",
  ".sql": "Text",
};

/** What both Miniflares are told: no network, no secret in a log or file, no word on standard output. */
export const QUIET = { cf: false, logRequests: false, telemetry: { enabled: false } };

/** Reads an upload, as far as that can be done without running it. @param {Script} script @returns {Version} */
export function read(script) {
  if (!Object.hasOwn(script.modules, script.main_module)) {
    throw new Rejected(`the main module ${JSON.stringify(script.main_module)} is not among the uploaded ones`);
  }
  const names = [script.main_module, ...Object.keys(script.modules).filter((name) => name !== script.main_module)];
  const options = {
    modulesRoot: "/",
    modules: names.map((name) => ({ type: moduleType(name, script), path: `/${name}`, contents: contents(name, script) })),
    compatibilityDate: script.compatibility_date,
    compatibilityFlags: script.compatibility_flags,
    ...translate(script.bindings, script.version),
    zone: "rehearsal.workers.dev", // becomes the CF-Worker header of what the worker fetches
  };
  return { digest: createHash("sha256").update(JSON.stringify(script)).digest("hex"), script, options };
}

/** @param {string} name @param {Script} script */
function moduleType(name, script) {
  if (name === script.main_module) return "ESModule"; // whatever its name: no other kind is accepted
  return MODULE_TYPES[/** @type {keyof MODULE_TYPES} */ (path.extname(name))] ?? "Data";
}

/** Miniflare wants text as text. @param {string} name @param {Script} script */
function contents(name, script) {
  const bytes = Buffer.from(script.modules[name], "base64");
  return ["CompiledWasm", "Data"].includes(moduleType(name, script)) ? bytes : bytes.toString("utf8");
}

/**
 * The names of the scripts that a version's services lead to.
 * @param {Version} version @returns {string[]}
 */
export function services({ options }) {
  return Object.values(options.serviceBindings ?? {}).map(({ name }) => name);
}

/**
 * The same options with each service led to where `resolve` says.
 * @param {Version} version @param {(script: string) => string | undefined} resolve worker's name, undefined: nowhere
 */
export function wired({ options }, resolve) {
  const bindings = Object.entries(options.serviceBindings ?? {}).map(([binding, { name, entrypoint }]) => {
    const worker = resolve(name);
    return [binding, worker === undefined ? gone(name) : { name: worker, entrypoint }];
  });
  return { ...options, serviceBindings: Object.fromEntries(bindings) };
}

/** What stands where a script was, for those still bound to it. @param {string} name */
function gone(name) {
  return () => new Response(`There is no service ${JSON.stringify(name)}`, { status: 503 });
}
