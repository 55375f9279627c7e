// Counts its visits in the database, with nothing but what comes with Node.
import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";

const DATABASE = { host: "database", port: 6379 }; // a service's name leads to it

/** Adds one to the counter. A database that is being replaced is away for seconds: keep trying. */
async function countVisit() {
  const giveUp = Date.now() + 10_000;
  while (true) {
    try {
      return await increment();
    } catch (error) {
      if (Date.now() > giveUp) throw error;
      await pause(200);
    }
  }
}

async function increment() {
  const socket = connect(DATABASE);
  try {
    socket.write("INCR hello-node\r\n");
    const [answer] = await once(socket, "data", { signal: AbortSignal.timeout(2000) });
    const visits = /^:(\d+)/.exec(answer)?.[1];
    if (visits === undefined) throw new Error(String(answer).trim());
    return visits;
  } finally {
    socket.destroy();
  }
}

async function page(path) {
  if (path === "/health") return [200, "ok"]; // of this app alone: it may start before the database
  if (path !== "/") return [404, "Not found"];
  try {
    return [200, `Hello from Node, visit number ${await countVisit()}`];
  } catch (error) {
    return [503, `No answer from the database: ${error.message}`];
  }
}

const server = createServer(async (request, response) => {
  const [status, text] = await page(request.url);
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(`${text}\n`);
});
server.listen(8080, () => console.log("listening on port 8080"));

// MyPaas stops a container with SIGTERM: finish the requests under way, then nothing is left to do.
process.on("SIGTERM", () => server.close());
