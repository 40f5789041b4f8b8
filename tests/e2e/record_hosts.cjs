// Appends each host name that a Node process looks up to the file LOOKED_UP. A numeric address needs no look-up.
const dns = require("node:dns");
const fs = require("node:fs");
const { lookup } = dns;
dns.lookup = (host, ...rest) => {
  fs.appendFileSync(process.env.LOOKED_UP, `${host}\n`);
  return lookup(host, ...rest);
};
