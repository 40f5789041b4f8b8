import { findMember } from "../shared/day_object.js";
import { Failure } from "../shared/failure.js";
import { parseSample } from "../shared/samples.js";

/**
 * @typedef {{name: string, member: number, isAsked: boolean, count: number}} Point `count` is left to the caller
 * @typedef {{date: string, number: number|undefined}} Place of a line: the day, and the member in format 2
 */

/**
 * Returns the points that the lines of an answer have. Each name is judged once, in its stored form, and the lines of
 * known names are not parsed, because a day can hold half a million lines.
 * @param {(name: string) => boolean} isAsked
 */
export function openNames(isAsked) {
  /** @type {Map<string, Point>} by name */
  const points = new Map();
  /** @type {Map<string, Point>} by the name's stored form */
  const known = new Map();

  /**
   * @param {string} line
   * @param {string|undefined} stored
   * @param {string} date
   */
  function learn(line, stored, date) {
    const { name } = parseSample(line, date);
    const point = points.get(name) ?? { name, member: findMember(name), isAsked: isAsked(name), count: 0 };
    points.set(name, point);
    if (stored !== undefined) known.set(JSON.parse(JSON.stringify(stored)), point); // a copy, or its piece of a day stays in memory
    return point;
  }

  return {
    points,
    /**
     * Returns the point of a line. Refuses a point that the member cannot have.
     * @param {string} text
     * @param {string|undefined} stored
     * @param {number} from
     * @param {number} to
     * @param {Place} place
     */
    find(text, stored, from, to, { date, number }) {
      const point = (stored !== undefined && known.get(stored)) || learn(text.slice(from, to), stored, date);
      if (number !== undefined && point.member !== number)
        throw new Failure("storage", `the object of ${date} holds a point of member ${point.member} in ${number}`);
      return point;
    },
  };
}

/**
 * Returns the number of samples by name, sorted, without points that have none.
 * @param {Iterable<Point>} points
 */
export function countByName(points) {
  const found = Array.from(points).filter(({ count }) => count > 0);
  const sorted = found
    .map(({ name, count }) => /** @type {const} */ ([name, count]))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted);
}
