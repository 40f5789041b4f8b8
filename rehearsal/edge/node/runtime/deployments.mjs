/** The deployments of all scripts as plain data. */
import { INTERNAL } from "./internal_worker.mjs";
import { connectServices, DIRECT_SOCKETS } from "./options.mjs";

/**
 * @typedef {{worker: string, weight: number, version: import("./options.mjs").Version}} Share a version and its part
 *   of the requests, with its name in Miniflare as `worker`
 * @typedef {{enabled: boolean, shares: Share[]}} Deployment
 * @typedef {ReadonlyMap<string, Deployment>} Deployments by script
 */

/** Chooses a version by its percentage. @param {Deployment | undefined} deployment @returns {string | undefined} */
export function chooseWorker(deployment) {
  const shares = (deployment?.shares ?? []).filter(({ weight }) => weight > 0);
  let left = Math.random() * shares.reduce((sum, { weight }) => sum + weight, 0);
  return (shares.find(({ weight }) => (left -= weight) < 0) ?? shares.at(-1))?.worker;
}

/**
 * Returns the version that a request chooses by its header, a dictionary of scripts and version ids. A version that is
 * not in the deployment does not count.
 * @param {string} script @param {Deployment | undefined} deployment @param {string} overrides
 * @returns {string | undefined}
 */
export function findOverride(script, deployment, overrides) {
  const members = overrides.split(",").map((member) => /^\s*([a-z*][a-z0-9_.*-]*)="([^"\\]*)"\s*$/.exec(member));
  const id = members.find((member) => member?.[1] === script)?.[2];
  return deployment?.shares.find(({ version }) => version.script.version.id === id)?.worker;
}

/** Returns the version with most requests. @param {Deployment | undefined} deployment @returns {string | undefined} */
function findMainWorker(deployment) {
  return deployment?.shares.toSorted((a, b) => b.weight - a.weight)[0]?.worker;
}

/**
 * Returns a text that changes when workerd must be restarted.
 * @param {Deployments} deployments
 */
export function describeShape(deployments) {
  const each = [...deployments].map(([name, deployment]) => [
    name,
    findMainWorker(deployment),
    ...deployment.shares.map(({ worker }) => worker).sort(),
  ]);
  return JSON.stringify(each.sort());
}

/**
 * Returns Miniflare's options of every worker.
 * @param {Deployments} deployments @param {import("./clock.mjs").Clock} clock
 * @param {string} queues the path of the socket of the local Cloudflare's queues @returns {Record<string, any>[]}
 */
export function workerOptions(deployments, clock, queues) {
  return [...deployments].flatMap(([script, { shares }]) =>
    shares.map(({ worker, version }) => ({
      ...connectServices(version, (service) => findMainWorker(deployments.get(service)), queues),
      modules: wrapMain(version.options.modules, clock),
      name: worker,
      unsafeDirectSockets: DIRECT_SOCKETS,
      tails: [{ name: INTERNAL, props: { script, version: version.script.version.id ?? null } }],
    })),
  );
}

/** @param {{contents: string}[]} modules the main one first @param {import("./clock.mjs").Clock} clock */
function wrapMain([main, ...others], clock) {
  return [{ ...main, contents: clock.wrap(main.contents) }, ...others];
}
