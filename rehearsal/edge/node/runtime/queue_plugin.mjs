/**
 * A plugin of Miniflare: a binding to a queue sends its messages to the local Cloudflare, which answers when it holds
 * them. Miniflare's own queue keeps them in the memory of workerd, so each swap would lose acknowledged messages.
 */

const NAME = "account-queues";

/**
 * Returns Miniflare's option for one binding.
 * @param {string} name @param {string} queue @param {string} socket the path at which the local Cloudflare listens
 */
export function queueBinding(name, queue, socket) {
  return { name, type: "queue", plugin: { package: import.meta.filename, name: NAME }, options: { queue, socket } };
}

/** @typedef {ReturnType<typeof queueBinding>} QueueBinding */

export const plugins = {
  [NAME]: {
    options: {},

    /** @param {QueueBinding[]} [bindings] of one worker, none of a worker without the option */
    getBindings(bindings = []) {
      return bindings.map(({ name, options }) => ({ name, queue: { name: serviceOf(options.queue) } }));
    },

    getNodeBindings() {
      return {};
    },

    /** @param {{options?: QueueBinding[]}} given */
    getServices({ options: bindings = [] }) {
      return bindings.map(({ options: { queue, socket } }) => ({
        name: serviceOf(queue),
        external: { address: `unix:${socket}`, http: { injectRequestHeaders: [{ name: "x-queue", value: queue }] } },
      }));
    },
  },
};

/** @param {string} queue */
function serviceOf(queue) {
  return `account-queue:${queue}`;
}
