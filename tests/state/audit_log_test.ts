import { assertEquals } from "@std/assert";
import { SqliteAuditLog } from "../../src/state/audit_log.ts";
import { Database } from "../../src/state/database.ts";

Deno.test("refusals of the unknown, however many, do not push out what others did", () => {
  using database = new Database(":memory:");
  const audit = new SqliteAuditLog(database);
  const at = "2026-11-22T10:00:00.000Z";
  audit.write({ at, actor: "root@local", address: "local", action: "deploy", subject: "blog", result: "ok" });
  for (let n = 0; n < 11_000; n++) {
    const result = `Cannot accept the request: the key "${n}" is not known`;
    audit.refuse({ at, actor: "unknown", address: "192.0.2.1", action: `GET /v1/services/${n}`, subject: "", result });
  }
  const lines = audit.lines(60_000);
  assertEquals(lines.at(-1)?.subject, "blog");
  assertEquals([lines.length <= 10_501, lines.length >= 10_001], [true, true]);
});

Deno.test("refusals of one key in one minute are one line for each action, whatever it asked for", () => {
  using database = new Database(":memory:");
  const audit = new SqliteAuditLog(database);
  const refused = { actor: "ann (0123456789abcdef)", address: "192.0.2.1" };
  for (let n = 0; n < 1000; n++) {
    const at = `2026-11-22T10:0${n < 500 ? 0 : 1}:00.000Z`;
    const subject = `service-${n}-${"a".repeat(5000)}`;
    audit.refuse({
      at,
      ...refused,
      action: n % 2 === 0 ? "logs" : "ps",
      subject,
      result: `Cannot do it to ${subject}`,
    });
  }
  const lines = audit.lines(10);
  assertEquals(lines.map(({ action, count }) => [action, count]), [["ps", 250], ["logs", 250], ["ps", 250], [
    "logs",
    250,
  ]]);
  assertEquals(lines.map(({ subject, result }) => [subject.length, result.length]), Array(4).fill([2000, 2000]));
  assertEquals(lines[0]?.subject.startsWith("service-999-"), true);
});
