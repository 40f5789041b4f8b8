/** @typedef {[realMs: number, offsetMs: number]} Move the real time from which on an offset holds */

/** The time of the rehearsal: the real time and an offset, which a move changes. */
export class Clock {
  /** @type {Move[]} oldest first */
  #moves = [];

  /** @param {Move[]} moves */
  set(moves) {
    this.#moves = moves;
  }

  /** Whether the rehearsal's time differs from the real one, or did. */
  get isMoved() {
    return this.#moves.length > 0;
  }

  now() {
    return this.shift(Date.now());
  }

  /** Returns the rehearsal's time at a real time. @param {number} ms */
  shift(ms) {
    return ms + (this.#moves.findLast(([since]) => since <= ms)?.[1] ?? 0);
  }

  /**
   * Returns the code of a worker's main module with a first statement that moves `Date` and the upload times of R2.
   * It stays on the first line, so that line numbers in exceptions are those of the upload.
   * @param {string} code
   */
  wrap(code) {
    if (!this.isMoved) return code;
    const first = `import { env as $rehearsal } from "cloudflare:workers"; (${move})(${JSON.stringify(this.#moves)}, $rehearsal);`;
    return first.replaceAll(/\n\s*/g, " ") + code;
  }
}

/** Runs in workerd. @param {Move[]} moves @param {Record<string, any>} env */
function move(moves, env) {
  const Real = Date;
  /** @param {number} ms */
  const shift = (ms) => ms + (moves.findLast(([since]) => since <= ms)?.[1] ?? 0);
  const now = () => shift(Real.now());
  globalThis.Date = new Proxy(Real, {
    apply: () => new Real(now()).toString(),
    construct: (target, given, maker) => Reflect.construct(target, given.length === 0 ? [now()] : given, maker),
    get: (target, name) => (name === "now" ? now : Reflect.get(target, name)),
  });
  /** @param {any} item an R2 object, whose properties are its own */
  const date = (item) => {
    if (item?.uploaded) Object.defineProperty(item, "uploaded", { value: new Real(shift(item.uploaded.getTime())) });
    return item;
  };
  const bucket = Object.values(env).find((binding) => binding?.constructor?.name === "R2Bucket");
  const methods = bucket ? Object.getPrototypeOf(bucket) : {};
  for (const name of ["head", "get", "put", "list"].filter((each) => each in methods)) {
    const original = methods[name];
    /** @this {unknown} @param {...any} given */
    methods[name] = async function (...given) {
      const found = await original.apply(this, given);
      if (name === "list") found.objects.forEach(date);
      return date(found);
    };
  }
}
