/**
 * The edge's own worker. It gives Node access to the bytes in the buckets (each bound under its name), and sends the
 * traces of all other workers on. Its props name script and version.
 */
export default {
  /** Serves `/{bucket}?key=…` by PUT, GET and DELETE. POST lists. Descriptions are in `x-object`, bodies unchanged. */
  async fetch(request, env) {
    if (request.headers.get("x-token") !== env.TOKEN) return new Response(null, { status: 403 });
    const url = new URL(request.url);
    const bucket = env[url.pathname.slice(1)];
    try {
      return await METHODS[request.method](bucket, url.searchParams.get("key"), request);
    } catch (error) {
      return Response.json({ message: error.message }, { status: 400 });
    }
  },

  async tail(items, env, { props }) {
    await env.COLLECTOR.fetch("http://collector/", { method: "POST", body: JSON.stringify({ ...props, items }) });
  },
};

const METHODS = {
  async PUT(bucket, key, request) {
    const { http, custom } = decode(request.headers.get("x-object"));
    if (http.cacheExpiry) http.cacheExpiry = new Date(http.cacheExpiry);
    const object = await bucket.put(key, request.body ?? "", { httpMetadata: http, customMetadata: custom });
    return Response.json(describe(object));
  },

  async GET(bucket, key) {
    const object = await bucket.get(key);
    if (object === null) return new Response(null, { status: 404 });
    return new Response(object.body, { headers: { "x-object": encode(describe(object)) } });
  },

  async DELETE(bucket, key) {
    await bucket.delete(key);
    return new Response(null, { status: 204 });
  },

  /** Asks until the page is full, because R2 returns fewer objects than asked for when metadata is included. */
  async POST(bucket, _, request) {
    const { limit, ...options } = await request.json();
    const page = { objects: [], delimited_prefixes: [], truncated: true, cursor: options.cursor };
    const include = ["httpMetadata", "customMetadata"];
    const left = () => limit - page.objects.length - page.delimited_prefixes.length;
    while (page.truncated && left() > 0) {
      const part = await bucket.list({ ...options, cursor: page.cursor, limit: left(), include });
      page.objects.push(...part.objects.map(describe));
      page.delimited_prefixes.push(...part.delimitedPrefixes);
      page.truncated = part.truncated;
      page.cursor = part.truncated ? part.cursor : undefined;
    }
    return Response.json({ ...page, cursor: page.cursor ?? null });
  },
};

function describe({ key, size, etag, uploaded, httpMetadata, customMetadata }) {
  return { key, size, etag, uploaded, http_metadata: httpMetadata ?? {}, custom_metadata: customMetadata ?? {} };
}

/** Returns JSON as ASCII, because a header holds nothing else. */
function encode(value) {
  return encodeURIComponent(JSON.stringify(value));
}

function decode(text) {
  return JSON.parse(decodeURIComponent(text));
}
