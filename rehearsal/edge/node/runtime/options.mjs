import { createHash } from "node:crypto";
import path from "node:path";
import { Rejected, translate } from "./bindings.mjs";
import { queueBinding } from "./queue_plugin.mjs";

/**
 * @typedef {{
 *   name: string, modules: Record<string, string>, main_module: string, compatibility_date: string,
 *   compatibility_flags: string[], bindings: import("./bindings.mjs").Binding[], version: Record<string, string>,
 * }} Script an uploaded version, its modules in base64
 * @typedef {{digest: string, code: string, script: Script, options: Record<string, any>}} Version a version that can
 *   run, with digests of the whole upload, and of its modules, its compatibility and the names and types of its bindings
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

/** Options of both Miniflares: no network, no secret in a log or a file, no output. */
export const QUIET = { cf: false, logRequests: false, telemetry: { enabled: false } };

/**
 * A worker's own socket, on a free port after every start. With `port: 0` Miniflare takes the last port again. Another
 * process may have it by then, and Miniflare can wait for ever for a workerd that ends so early.
 */
export const DIRECT_SOCKETS = [{}];

/** Parses an upload without running it. @param {Script} script @returns {Version} @throws {Rejected} */
export function parseUpload(script) {
  if (!Object.hasOwn(script.modules, script.main_module)) {
    throw new Rejected(`the main module ${JSON.stringify(script.main_module)} is not among the uploaded ones`);
  }
  const names = [script.main_module, ...Object.keys(script.modules).filter((name) => name !== script.main_module)];
  const options = {
    modulesRoot: "/",
    modules: names.map((name) => ({ type: moduleTypeOf(name, script), path: `/${name}`, contents: contentsOf(name, script) })),
    compatibilityDate: script.compatibility_date,
    compatibilityFlags: script.compatibility_flags,
    ...translate(script.bindings, script.version),
    zone: "rehearsal.workers.dev", // becomes the header CF-Worker of the worker's own requests
  };
  const { modules, main_module, compatibility_date, compatibility_flags } = script;
  const bindings = script.bindings.map(({ name, type }) => [name, type]);
  const code = digestOf([modules, main_module, compatibility_date, compatibility_flags, bindings]);
  return { digest: digestOf(script), code, script, options };
}

/** @param {unknown} data */
function digestOf(data) {
  return createHash("sha256").update(JSON.stringify(data)).digest("hex");
}

/** @param {string} name @param {Script} script */
function moduleTypeOf(name, script) {
  if (name === script.main_module) return "ESModule"; // for any extension, because no other kind is accepted
  return MODULE_TYPES[/** @type {keyof MODULE_TYPES} */ (path.extname(name))] ?? "Data";
}

/** Returns text as a string, as Miniflare expects it. @param {string} name @param {Script} script */
function contentsOf(name, script) {
  const bytes = Buffer.from(script.modules[name], "base64");
  return ["CompiledWasm", "Data"].includes(moduleTypeOf(name, script)) ? bytes : bytes.toString("utf8");
}

/**
 * Returns the names of the scripts behind a version's services.
 * @param {Version} version @returns {string[]}
 */
export function serviceNames({ options }) {
  return Object.values(options.serviceBindings ?? {}).map(({ name }) => name);
}

/**
 * Returns the options with each service connected to a worker, and each queue to the local Cloudflare.
 * @param {Version} version
 * @param {(script: string) => string | undefined} resolve returns a worker's name, undefined: the script is gone
 * @param {string} socket the path of the local Cloudflare's queues
 */
export function connectServices({ options: { queues, ...options } }, resolve, socket) {
  const bindings = Object.entries(options.serviceBindings ?? {}).map(([binding, { name, entrypoint }]) => {
    const worker = resolve(name);
    return [binding, worker === undefined ? missingService(name) : { name: worker, entrypoint }];
  });
  const producers = Object.entries(queues ?? {}).map(([binding, queue]) => queueBinding(binding, queue, socket));
  return { ...options, serviceBindings: Object.fromEntries(bindings), unsafeBindings: producers };
}

/** Returns the service that replaces a removed script. @param {string} name */
function missingService(name) {
  return () => new Response(`There is no service ${JSON.stringify(name)}`, { status: 503 });
}
