/**
 * @typedef {"not_configured"|"upstream_auth"|"upstream_rejected"|"upstream_unavailable"|"upstream_contract"|"storage"
 *   |"over_budget"|"queue"|"killed"|"internal"} Code
 */

/** An error that the worker reports. Its message holds neither a key nor a text that ACE sent. */
export class Failure extends Error {
  /**
   * @param {Code} code
   * @param {string} message
   * @param {number} [retryAfterMs] set when a retry may succeed
   */
  constructor(code, message, retryAfterMs) {
    super(message);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * Returns the part of an error that an answer shows.
 * @param {Failure} failure
 */
export const describe = ({ code, message }) => ({ code, message });
