import { assertEquals, assertThrows } from "@std/assert";
import { MyPaasError } from "../../src/error.ts";
import {
  parseBlobsAnswer,
  parseHelloAnswer,
  parseInviteAnswer,
  parseKeys,
  parseLoginAnswer,
  parseMissingAnswer,
  parseServices,
} from "../../src/wire/answer_schemas.ts";
import { parseEventLine } from "../../src/wire/event_schemas.ts";
import type { EventLine } from "../../src/wire/events.ts";
import type { KeySummary, ServiceSummary } from "../../src/wire/requests.ts";
import { PLAN } from "../client/plan_example.ts";

const TIME = "2026-11-22T10:00:00.123Z";

/** What a reader gets: undefined fields are left out by JSON. */
const sent = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const SERVICE: ServiceSummary = {
  service: "blog",
  release: undefined,
  status: "down",
  domains: ["blog.example"],
  urls: [],
  scale: 0,
  replicas: [{ name: "blog.7.1", status: "running", health: "healthy", restarts: 0 }],
  certificates: [],
  since: undefined,
  lastFailure: undefined,
};

Deno.test("answers come back as they were sent, fields left out by JSON as undefined", () => {
  assertEquals(parseServices(sent([SERVICE])), [SERVICE]);
  const full: ServiceSummary = {
    ...SERVICE,
    release: 7,
    status: "live",
    certificates: [
      { domain: "a.test", state: "valid", notAfter: TIME },
      { domain: "b.test", state: "pending", reason: "b.test has no address" },
    ],
    since: TIME,
    lastFailure: { release: 8, status: "failed", error: "Cannot" },
  };
  assertEquals(parseServices(sent([full])), [full]);
  const key: KeySummary = {
    id: "0".repeat(16),
    name: "laptop",
    role: "deploy",
    scope: ["*"],
    createdAt: TIME,
    revokedAt: undefined,
  };
  assertEquals(parseKeys(sent([key])), [key]);
  const hello = { serverId: "1".repeat(32), version: "0.1.0", time: TIME };
  assertEquals(parseHelloAnswer(hello), hello);
  const { id: _, createdAt: __, revokedAt: ___, ...login } = { ...key, key: key.id, proof: "2".repeat(64) };
  assertEquals(parseLoginAnswer(login), login);
  assertEquals(parseMissingAnswer({ missing: ["a".repeat(64)] }), { missing: ["a".repeat(64)] });
  assertEquals(parseBlobsAnswer({ stored: 3 }), { stored: 3 });
  const invite = { id: "0".repeat(16), line: "https://a.example#...", expiresAt: TIME };
  assertEquals(parseInviteAnswer(invite), invite);
});

Deno.test("an answer may have fields of a newer server", () => {
  assertEquals(parseBlobsAnswer({ stored: 3, later: true }), { stored: 3 });
});

Deno.test("a wrong answer is a failure that names the field", () => {
  const error = assertThrows(() => parseServices([{ ...SERVICE, status: "odd" }]), MyPaasError);
  assertEquals(error.kind, "failed");
  assertEquals(
    error.message,
    'Cannot read the answer of the server: "[0].status" must be "live" or "deploying" or "down" or "stopped" or "failed"',
  );
  assertThrows(
    () => parseMissingAnswer({ missing: ["x"] }),
    MyPaasError,
    '"missing[0]" must be 64 lower-case hex digits',
  );
  assertThrows(() => parseHelloAnswer({}), MyPaasError, '"serverId" is missing');
  assertThrows(
    () => parseHelloAnswer({ serverId: "1".repeat(32), version: "1", time: "now" }),
    MyPaasError,
    "ISO 8601",
  );
});

const LINE = { seq: 1, time: TIME };
const EVENTS: readonly EventLine[] = [
  { ...LINE, kind: "accepted", deploy: "blog.7", service: "blog", release: 7 },
  { ...LINE, kind: "queued", behind: "blog.6" },
  { ...LINE, kind: "log", step: "[1/2] FROM", text: "" },
  { ...LINE, kind: "step", text: "create blog.7.1", state: "started" },
  { ...LINE, kind: "step", text: "create blog.7.1", state: "done", seconds: 0.25 },
  { ...LINE, kind: "warning", text: "two writers" },
  { ...LINE, kind: "planned", ...PLAN },
  { ...LINE, kind: "live", service: "blog", release: 7, urls: [], seconds: 3, alreadyLive: false, proof: "AAAA" },
  {
    ...LINE,
    kind: "failed",
    deploy: undefined,
    error: { kind: "build", message: "Cannot", hint: "x", details: ["y"] },
  },
  { ...LINE, kind: "failed", deploy: "blog.7", error: { kind: "notReady", message: "Cannot" } },
];
for (const event of EVENTS) {
  Deno.test(`parseEventLine() reads ${JSON.stringify(event).slice(47, 90)}`, () => {
    assertEquals(parseEventLine(sent(event)), event);
  });
}

Deno.test("parseEventLine() names what is wrong", () => {
  const says = (line: unknown, sentence: string) =>
    assertThrows(() => parseEventLine(line), MyPaasError, `Cannot read an event of the server: ${sentence}`);
  says({ ...LINE, kind: "log", step: "x" }, '"text" is missing');
  says({ ...EVENTS[1], seq: 0 }, '"seq" must be a whole number from 1 to');
  says({ ...EVENTS[9], error: { kind: "odd", message: "" } }, '"error.kind" must be "failed" or');
  says({ ...LINE, kind: "odd" }, '"kind" must be "accepted" or');
  says(null, "it must be an object");
});
