import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import {
  exportSealingKey,
  generateSealingKey,
  importSealingKey,
  openSealed,
  seal,
  type SealContext,
} from "../../src/auth/seal.ts";
import { fromBase64Url, toBase64Url } from "../../src/auth/base64url.ts";
import { MyPaasError } from "../../src/error.ts";

const CONTEXT: SealContext = ["env", "0123456789abcdef0123456789abcdef", "blog", "PASSWORD"];

async function sealed(value: string) {
  const reader = await generateSealingKey();
  return { reader, box: await seal(value, { reader: reader.publicKey, context: CONTEXT }) };
}

async function cannotOpen(open: Promise<string>): Promise<void> {
  const error = await assertRejects(() => open, MyPaasError);
  assertEquals(error.message, "Cannot open a sealed value: it is for another reader or purpose, or was changed");
}

for (const value of ["secret", "", "ü 日本\n\ufefflines\n", "\ufeffx", "x".repeat(70_000)]) {
  Deno.test(`openSealed() gives back what was sealed: ${JSON.stringify(value.slice(0, 20))}`, async () => {
    const { reader, box } = await sealed(value);
    assertEquals(await openSealed(box, { reader, context: CONTEXT }), value);
  });
}

Deno.test("seal() makes something else of the same value each time", async () => {
  const { reader, box } = await sealed("secret");
  const again = await seal("secret", { reader: reader.publicKey, context: CONTEXT });
  assertNotEquals(again.sender, box.sender);
  assertNotEquals(again.box, box.box);
});

Deno.test("openSealed() opens nothing with another key", async () => {
  const { box } = await sealed("secret");
  await cannotOpen(openSealed(box, { reader: await generateSealingKey(), context: CONTEXT }));
});

for (const [place, part] of [[0, "restart"], [1, "f".repeat(32)], [2, "shop"], [3, "OTHER"]] as const) {
  Deno.test(`openSealed() opens nothing in another context: ${part}`, async () => {
    const { reader, box } = await sealed("secret");
    await cannotOpen(openSealed(box, { reader, context: CONTEXT.with(place, part) }));
  });
}

Deno.test("openSealed() takes no context whose parts are only put together otherwise", async () => {
  const { reader, box } = await sealed("secret");
  const [purpose = "", server = "", ...rest] = CONTEXT;
  for (const context of [[purpose, `${server}","${rest[0]}`, ...rest.slice(1)], [purpose + server, ...rest]]) {
    await cannotOpen(openSealed(box, { reader, context }));
  }
});

Deno.test("openSealed() opens nothing of which one bit was changed, or a part is missing", async () => {
  const { reader, box } = await sealed("secret");
  const bytes = fromBase64Url(box.box) ?? new Uint8Array();
  for (let at = 0; at < bytes.length; at++) {
    const changed = bytes.with(at, (bytes[at] ?? 0) ^ 1);
    await cannotOpen(openSealed({ ...box, box: toBase64Url(changed) }, { reader, context: CONTEXT }));
  }
  for (const short of [bytes.slice(1), bytes.slice(0, -1), new Uint8Array()]) {
    await cannotOpen(openSealed({ ...box, box: toBase64Url(short) }, { reader, context: CONTEXT }));
  }
  const { publicKey } = await generateSealingKey();
  await cannotOpen(openSealed({ ...box, sender: publicKey }, { reader, context: CONTEXT }));
});

Deno.test("no key of small order is sealed to or opened, which would make the secret known", async () => {
  const zero = toBase64Url(new Uint8Array(32));
  await assertRejects(() => seal("secret", { reader: zero, context: CONTEXT }), MyPaasError);
  const { reader, box } = await sealed("secret");
  await cannotOpen(openSealed({ ...box, sender: zero }, { reader, context: CONTEXT }));
});

Deno.test("a sealing key is the same after it was written down", async () => {
  const { reader, box } = await sealed("secret");
  const again = await importSealingKey(`${await exportSealingKey(reader)}\n`);
  assertEquals(again.publicKey, reader.publicKey);
  assertEquals(await openSealed(box, { reader: again, context: CONTEXT }), "secret");
});

Deno.test("importSealingKey() never repeats what it could not read", async () => {
  const error = await assertRejects(() => importSealingKey("c2VjcmV0"), MyPaasError);
  assertEquals(error.message, "Cannot read the sealing key: it must be an X25519 key (PKCS #8 in base64url)");
});
