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
    audit.refuse({ at, actor: "unknown", address: "192.0.2.1", action: "GET /v1/services", subject: "", result });
  }
  const lines = audit.lines(60_000);
  assertEquals(lines.at(-1)?.subject, "blog");
  assertEquals([lines.length <= 10_501, lines.length >= 10_001], [true, true]);
});
