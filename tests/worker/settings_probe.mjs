/** The real worker with other bindings for one request: the header X-Bindings has them as JSON. */
import worker from "./worker.js";

export default {
  fetch: (request, env) => worker.fetch(request, { ...env, ...JSON.parse(request.headers.get("X-Bindings")) }),
};
