// Runs commands of wrangler one after another in one process, because loading its 15 MB takes nearly all of a command's time.
// `node wrangler_session.cjs CLI`: CLI is wrangler's own file. Each line of the standard input is a command as JSON, and
// each line of the standard output its exit code and everything that it wrote. wrangler's own tests run its `main` like this.
const Module = require("node:module");
const readline = require("node:readline");
const { Readable } = require("node:stream");

const CLI = process.argv[2];
const requests = process.stdin;
const answer = process.stdout.write.bind(process.stdout);
const exit = process.exit.bind(process);
const compile = Module.prototype._compile;
Module.prototype._compile = function (code, file, ...more) {
  return compile.call(this, file === CLI ? `${code}\nexports.main = main;` : code, file, ...more);
};
const { main } = require(CLI);

let written = "";
for (const stream of [process.stdout, process.stderr]) {
  stream.write = (data, encoding, done) => {
    written += data;
    const then = done ?? encoding;
    if (typeof then === "function") process.nextTick(then);
    return true;
  };
}
process.exit = (code) => {
  throw Object.assign(new Error("process.exit"), { code });
};

async function run({ args, token, folder, value }) {
  const input = Readable.from(value === "" ? [] : [Buffer.from(value)]);
  Object.defineProperty(process, "stdin", { configurable: true, value: input });
  process.argv.splice(1, process.argv.length, CLI, ...args);
  process.env.CLOUDFLARE_API_TOKEN = token;
  process.chdir(folder);
  process.exitCode = undefined;
  written = "";
  let code;
  try {
    await main(args);
    code = process.exitCode ?? 0;
  } catch (error) {
    code = error.code || 1;
  }
  return { code, written };
}

(async () => {
  for await (const line of readline.createInterface({ input: requests })) {
    answer(`${JSON.stringify(await run(JSON.parse(line)))}\n`);
  }
  exit(0);
})();
