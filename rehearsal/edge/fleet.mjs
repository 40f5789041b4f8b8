/** What is deployed, as plain data, and what can be said of it without running it. */
import { HOST } from "./host.mjs";
import { wired } from "./options.mjs";

/**
 * @typedef {{worker: string, weight: number, version: import("./options.mjs").Version}} Share a version, and its
 *   part of the requests; `worker` is what Miniflare knows it by
 * @typedef {{enabled: boolean, shares: Share[]}} Deployment
 * @typedef {ReadonlyMap<string, Deployment>} Fleet by script
 */

/** Chooses a version by its percentage. @param {Deployment | undefined} deployment @returns {string | undefined} */
export function pick(deployment) {
  const shares = deployment?.shares ?? [];
  let left = Math.random() * shares.reduce((sum, { weight }) => sum + weight, 0);
  return (shares.find(({ weight }) => (left -= weight) < 0) ?? shares.at(-1))?.worker;
}

/** The version that most requests get. @param {Deployment | undefined} deployment @returns {string | undefined} */
function foremost(deployment) {
  return deployment?.shares.toSorted((a, b) => b.weight - a.weight)[0]?.worker;
}

/** What workerd has to know of a fleet: as long as this stays, nothing needs a restart. @param {Fleet} fleet */
export function shape(fleet) {
  const each = [...fleet].map(([name, deployment]) => [
    name,
    foremost(deployment),
    ...deployment.shares.map(({ worker }) => worker).sort(),
  ]);
  return JSON.stringify(each.sort());
}

/** Miniflare's options of every worker. @param {Fleet} fleet @returns {Record<string, any>[]} */
export function workers(fleet) {
  return [...fleet].flatMap(([script, { shares }]) =>
    shares.map(({ worker, version }) => ({
      ...wired(version, (service) => foremost(fleet.get(service))),
      name: worker,
      unsafeDirectSockets: [{ port: 0 }],
      tails: [{ name: HOST, props: { script, version: version.script.version.id ?? null } }],
    })),
  );
}
