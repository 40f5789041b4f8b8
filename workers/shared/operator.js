const utf8 = new TextEncoder();

/**
 * Derives the operator token from the ACE key (HKDF-SHA256, RFC 5869). A worker that accepts the token holds the key.
 * @param {string} key as it is bound, not trimmed
 */
async function deriveToken(key) {
  const material = await crypto.subtle.importKey("raw", utf8.encode(key), "HKDF", false, ["deriveBits"]);
  const info = utf8.encode("building-vitals/operator/v1");
  const algorithm = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info };
  const bits = new Uint8Array(await crypto.subtle.deriveBits(algorithm, material, 256));
  return btoa(String.fromCharCode(...bits))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace("=", "");
}

/**
 * Returns whether a request carries the operator token.
 * @param {Request} request
 * @param {string} key
 */
export async function isOperator(request, key) {
  const given = /^Bearer +(\S+)$/i.exec(request.headers.get("Authorization") ?? "")?.[1] ?? "";
  const tokens = [given, await deriveToken(key)].map((token) => utf8.encode(token));
  const digests = tokens.map((token) => crypto.subtle.digest("SHA-256", token)); // the comparison needs equal lengths
  return crypto.subtle.timingSafeEqual(await digests[0], await digests[1]);
}
