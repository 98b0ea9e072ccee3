// The built page, served to the tests of one file. Apart from the harness, which scripts use that are no tests.

import { after, before } from "node:test";

import { shutDown, startServer } from "./harness.mjs";

/** The server of a test file: it is up before its first test, and gone with the browser after the last. */
export function serve(options) {
  const server = {};
  before(async () => {
    Object.assign(server, await startServer(options));
  });
  after(async () => {
    await shutDown();
    await server.close();
  });
  return server;
}
