// Starts the server that the variable KVARIUM names, on a free port, and ends it.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export async function withServer(use) {
  const [port, httpPort] = [await freePort(), await freePort()];
  const folder = mkdtempSync(join(tmpdir(), "kvarium-"));
  const words = ["server", "--port", `${port}`, "--http-port", `${httpPort}`, "--save", "", "--dir", folder];
  const server = spawn(process.env.KVARIUM, words, { stdio: ["ignore", "inherit", "inherit"] });
  const ended = new Promise((resolve) => server.on("exit", resolve));
  try {
    await waitFor(server, port);
    await use(port);
  } finally {
    server.kill();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
}

async function waitFor(server, port) {
  for (let wait = 0; wait < 100; wait++) {
    if (server.exitCode !== null) throw new Error(`the server ended with ${server.exitCode}`);
    if (await answers(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("the server does not answer");
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => socket.end(() => resolve(true)));
    socket.on("error", () => resolve(false));
  });
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
