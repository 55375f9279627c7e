import { assertEquals, assertFalse, assertThrows } from "@std/assert";
import {
  formatInviteLine,
  formatServerLine,
  type InviteLine,
  parseInviteLine,
  parseServerLine,
} from "../../src/auth/server_line.ts";
import { UsageError } from "../../src/error.ts";

const ID = "00112233aabbccdd";
const SECRET = "c2VjcmV0c2VjcmV0c2VjIQ";
const SERVER = "0123456789abcdef0123456789abcdef";
const KEY = "GbdECWhJgM3-hUG6wWfcO5bIUIaqMLa2ywxcOK1wMWY";
const PIN = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const LINE = `https://203.0.113.7:8443#${ID}.${SECRET}.${SERVER}.${KEY}.${PIN}`;
const INVITE: InviteLine = {
  url: "https://203.0.113.7:8443",
  id: ID,
  secret: SECRET,
  serverId: SERVER,
  daemonKey: KEY,
  certificatePin: PIN,
};

Deno.test("an invite line is URL#<id>.<secret>.<server id>.<daemon key>.<certificate pin>", () => {
  assertEquals(formatInviteLine(INVITE), LINE);
  assertEquals(parseInviteLine(` ${LINE}\n`), INVITE);
});

Deno.test("the certificate pin is left out where an authority signed", () => {
  const invite = { ...INVITE, url: "https://shop.example", certificatePin: undefined };
  const line = `https://shop.example#${ID}.${SECRET}.${SERVER}.${KEY}`;
  assertEquals(formatInviteLine(invite), line);
  assertEquals(parseInviteLine(line), invite);
});

Deno.test("a server line is URL#<server id>.<daemon key>[.<certificate pin>]", () => {
  const { id: _, secret: __, ...server } = INVITE;
  const line = `https://203.0.113.7:8443#${SERVER}.${KEY}.${PIN}`;
  assertEquals(formatServerLine(server), line);
  assertEquals(parseServerLine(line), server);
  assertEquals(parseServerLine(`https://a.example/#${SERVER}.${KEY}`), {
    url: "https://a.example",
    serverId: SERVER,
    daemonKey: KEY,
    certificatePin: undefined,
  });
});

for (const url of ["http://127.0.0.1:8480", "http://localhost", "http://[::1]:8480"]) {
  Deno.test(`parseServerLine() takes plain http to ${url}`, () => {
    assertEquals(parseServerLine(`${url}#${SERVER}.${KEY}`).url, url);
  });
}

const FORM = "it must be URL#<id>.<secret>.<server id>.<daemon key>[.<certificate pin>]";
const faults: readonly (readonly [string, string, string])[] = [
  ["nothing", "", FORM],
  ["no parts", "https://a.example", FORM],
  ["a server line", `https://a.example#${SERVER}.${KEY}`, FORM],
  ["a line with more parts", `${LINE}.AAAA`, FORM],
  ["two #", `https://a.example#${LINE}`, FORM],
  ["another scheme", LINE.replace("https", "ssh"), "its URL must begin with https:// and name a host"],
  ["no scheme", LINE.replace("https://", ""), "its URL must begin with https:// and name a host"],
  [
    "plain http to elsewhere",
    LINE.replace("https", "http"),
    "its URL must begin with https://: plain http is only for this machine itself",
  ],
  ["a path", LINE.replace("#", "/x#"), "its URL must be only https://HOST[:PORT]"],
  ["a user", LINE.replace("//", "//me@"), "its URL must be only https://HOST[:PORT]"],
  ["a wrong id", LINE.replace(ID, "00"), "its id must be 16 lower-case hex digits"],
  ["a short secret", LINE.replace(SECRET, SECRET.slice(1)), "its secret must be 16 bytes in base64url"],
  ["a wrong server id", LINE.replace(SERVER, SERVER.toUpperCase()), "its server id must be 32 lower-case hex digits"],
  ["a wrong daemon key", LINE.replace(KEY, KEY.slice(1)), "its daemon key must be 32 bytes in base64url"],
  ["a cut line", LINE.slice(0, -1), "its certificate pin must be 32 bytes in base64url"],
];
for (const [name, line, sentence] of faults) {
  Deno.test(`parseInviteLine() refuses ${name}, and never repeats the secret`, () => {
    const error = assertThrows(() => parseInviteLine(line), UsageError);
    assertEquals(error.message, `Cannot read the invite: ${sentence}`);
    assertFalse(`${error.message} ${error.hint} ${error.stack}`.includes(SECRET.slice(1)));
  });
}

Deno.test("parseServerLine() refuses an invite", () => {
  assertThrows(
    () => parseServerLine(LINE),
    UsageError,
    "Cannot read the server: it must be URL#<server id>.<daemon key>[.<certificate pin>]",
  );
});
