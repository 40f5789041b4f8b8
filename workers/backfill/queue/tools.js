/**
 * The parts of a run that the simulation and the tests replace.
 *
 * @typedef {{copyDay: typeof import("../copy_day.js").copyDay, reviseDay: typeof import("../revise_day.js").reviseDay,
 *   now: () => number}} Parts `now` is the time of the calendar, of leases and of pauses in ms. It is not the clock of
 *   deadlines
 * @typedef {import("../copy_day.js").Counters} Counters
 * @typedef {{limits: Readonly<import("../limits.js").Limits>, agent: string, parts: Parts, now: () => number}} Tools
 */
import { copyDay } from "../copy_day.js";
import { reviseDay } from "../revise_day.js";

/**
 * Returns the tools of a run.
 * @param {Readonly<import("../limits.js").Limits>} limits
 * @param {string} agent
 * @param {Partial<Parts>} parts
 * @returns {Tools}
 */
export function makeTools(limits, agent, parts) {
  const all = { copyDay, reviseDay, now: () => Date.now(), ...parts };
  return { limits, agent, parts: all, now: all.now };
}

export const makeCounters = () => ({ samples_fetched: 0, samples_written: 0 });
