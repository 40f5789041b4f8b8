/** POST /pause and POST /resume. Both are idempotent. */
import { json, refuse } from "../../shared/answers.js";
import { describe, Failure } from "../../shared/failure.js";
import { removePause, setPause } from "../control/pause.js";

/**
 * @typedef {import("../settings.js").Config} Config
 * @typedef {import("../queue/tools.js").Tools} Tools
 */

const MAX_TEXT = 200;

/**
 * Answers POST /pause with the pause that is in force. An earlier pause remains.
 * @param {Request} request
 * @param {Config} config
 * @param {Tools} tools
 */
export async function replyPause(request, config, { now }) {
  let body;
  try {
    body = await request.json();
  } catch {} // not JSON, and refused below
  const { reason, by } = /** @type {any} */ (body) ?? {};
  if (![reason, by].every(isLine)) {
    const message = `expected JSON with the texts reason and by, of 1 to ${MAX_TEXT} characters`;
    return refuse(400, { code: "bad_parameter", message });
  }
  const at = new Date(now()).toISOString();
  return reply(async () => ({ status: "paused", paused: await setPause(config, { reason, by, at }) }));
}

/**
 * Answers POST /resume.
 * @param {Config} config
 */
export const replyResume = (config) =>
  reply(async () => {
    await removePause(config);
    return { status: "running", paused: null };
  });

/** @param {unknown} text */
const isLine = (text) => typeof text === "string" && text.trim() !== "" && text.length <= MAX_TEXT;

/** @param {() => Promise<object>} work */
async function reply(work) {
  try {
    return json(200, await work());
  } catch (error) {
    if (error instanceof Failure) return refuse(502, describe(error));
    throw error;
  }
}
