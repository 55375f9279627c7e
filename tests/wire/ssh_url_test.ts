import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../src/error.ts";
import { isSshUrl, parseSshUrl } from "../../src/wire/ssh_url.ts";

Deno.test("parseSshUrl() reads user, host and port", () => {
  const cases = [
    ["ssh://vm", undefined, "vm", undefined],
    ["ssh://root@shop.example/", "root", "shop.example", undefined],
    ["ssh://deploy_1@10.0.0.1:2222", "deploy_1", "10.0.0.1", 2222],
    ["ssh://root@[2001:db8::1]:22", "root", "2001:db8::1", 22],
    ["ssh://my_vm", undefined, "my_vm", undefined],
  ] as const;
  for (const [text, user, host, port] of cases) {
    assertEquals(parseSshUrl(text), { url: text.replace(/\/$/, ""), user, host, port });
  }
});

Deno.test("parseSshUrl() takes nothing that ssh or a shell could read as something else", () => {
  const texts = [
    ...[
      "ssh://",
      "ssh:vm",
      "ssh:/vm",
      "SSH://vm",
      "ssh://vm/path",
      "ssh://vm?x",
      "ssh://vm#x",
      "ssh:// vm",
      "ssh://vm vm",
    ],
    ...[
      "ssh://-oProxyCommand=x",
      "ssh://-l@vm",
      "ssh://-oProxyCommand=x@vm",
      "ssh://a@b@vm",
      "ssh://@vm",
      "ssh://vm;ls",
    ],
    ...[
      "ssh://$(ls)",
      "ssh://vm:0",
      "ssh://vm:65536",
      "ssh://vm:22x",
      "ssh://vm:-p",
      "ssh://[vm]",
      "ssh://[::1",
      "ssh://::1",
    ],
    ...["ssh://vm\n", "ssh://v\u0000m", "ssh://%76m", "ssh://root:secret@vm", "ssh://vm:22:22"],
  ];
  for (const text of texts) assertThrows(() => parseSshUrl(text), UsageError, "Cannot use");
  const { message } = assertThrows(() => parseSshUrl("ssh://root:secret@vm"), UsageError);
  assertEquals(message.includes("secret"), false);
});

Deno.test("isSshUrl() knows what is meant as ssh, so that a bad one is not taken for a name", () => {
  assertEquals(["ssh://vm", "SSH://vm", "ssh:vm"].map(isSshUrl), [true, true, true]);
  assertEquals(["vm", "https://vm", "ssh.example", "ssh"].map(isSshUrl), [false, false, false, false]);
});
