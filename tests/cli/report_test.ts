import { assertEquals, assertStringIncludes } from "@std/assert";
import { CommanderError } from "@commander-js/extra-typings";
import { reportError } from "../../src/cli/report.ts";
import { AuthError, BuildError, ExitCode, MyPaasError, NotReadyError, UsageError } from "../../src/error.ts";
import { UnreadError } from "../../src/host/terminal.ts";

const options = { hint: "Try this.", details: ["line 1", "line 2"] };
const failures: readonly (readonly [MyPaasError, ExitCode])[] = [
  [new MyPaasError("Cannot do it: no"), 1],
  [new UsageError("Cannot do it: no"), 2],
  [new AuthError("Cannot do it: no"), 3],
  [new BuildError("Cannot do it: no"), 4],
  [new NotReadyError("Cannot do it: no"), 5],
];
for (const [error, code] of failures) {
  Deno.test(`reportError() ends a ${error.name} with ${code} and one sentence`, () => {
    assertEquals(reportError(error), { lines: ["error: Cannot do it: no"], code });
  });
}

Deno.test("reportError() shows the hint and the details, and no trace", () => {
  const { lines } = reportError(new BuildError("Cannot build it: no", options));
  assertEquals(lines.filter((line) => line.includes("report_test")), []);
  for (const text of ["error: Cannot build it: no", "line 1", "line 2", "Try this."]) {
    assertStringIncludes(lines.join("\n"), text);
  }
});

Deno.test("reportError() writes one line of JSON when that is asked for", () => {
  const { lines, code } = reportError(new BuildError("Cannot build it: no", options), { json: true });
  assertEquals(code, ExitCode.build);
  assertEquals(lines.map((line) => JSON.parse(line)), [{
    kind: "error",
    error: { kind: "build", message: "Cannot build it: no", hint: "Try this.", details: ["line 1", "line 2"] },
  }]);
});

Deno.test("reportError() takes any other error for a bug of ours, with its trace", () => {
  const { lines, code } = reportError(new TypeError("x is not a function"));
  assertEquals(code, ExitCode.bug);
  assertEquals(lines[0], "error: This is a bug of mypaas, please report it");
  assertStringIncludes(lines.join("\n"), "TypeError: x is not a function");
  assertStringIncludes(lines.join("\n"), "report_test.ts");
  assertEquals(reportError("thrown text").lines.slice(1), ["  thrown text"]);
});

Deno.test("reportError() makes a usage error of what commander does not understand", () => {
  const error = new CommanderError(1, "commander.unknownOption", "error: unknown option '--x'.");
  const { lines, code } = reportError(error);
  assertEquals([lines[0], code], ["error: Unknown option '--x'", ExitCode.usage]);
  assertStringIncludes(lines.join("\n"), "mypaas help COMMAND");
});

Deno.test("reportError() says nothing when help or the version was shown", () => {
  const asked = new CommanderError(0, "commander.helpDisplayed", "(outputHelp)");
  const instead = new CommanderError(1, "commander.help", "(outputHelp)");
  const version = new CommanderError(0, "commander.version", "0.1.0");
  assertEquals([asked, instead, version].map((error) => reportError(error)), [
    { lines: [], code: ExitCode.done },
    { lines: [], code: ExitCode.usage },
    { lines: [], code: ExitCode.done },
  ]);
});

Deno.test("reportError() says nothing when nobody reads", () => {
  assertEquals(reportError(new UnreadError("Cannot write: nobody reads")), { lines: [], code: ExitCode.failed });
  assertEquals(reportError(new UnreadError("Cannot write: nobody reads"), { json: true }).lines, []);
});
