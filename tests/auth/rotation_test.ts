import { assertRejects } from "@std/assert";
import { generateKey } from "../../src/auth/keys.ts";
import { signRotation, verifyRotation } from "../../src/auth/rotation.ts";
import { AuthError } from "../../src/error.ts";

const CLAIM = { serverId: "0123456789abcdef0123456789abcdef", oldKey: "0011223344556677" };

Deno.test("a rotation is taken only with the private key of the next one, for this server and this old key", async () => {
  const [next, other] = [await generateKey(), await generateKey()];
  const signature = await signRotation(CLAIM, next);
  await verifyRotation(CLAIM, { publicKey: next.publicKey, signature });
  const refused = [
    [CLAIM, { publicKey: other.publicKey, signature }],
    [{ ...CLAIM, oldKey: other.id }, { publicKey: next.publicKey, signature }],
    [{ ...CLAIM, serverId: "f".repeat(32) }, { publicKey: next.publicKey, signature }],
    [CLAIM, { publicKey: next.publicKey, signature: "A".repeat(86) }],
    [CLAIM, { publicKey: next.publicKey, signature: "A" }],
  ] as const;
  for (const [claim, given] of refused) {
    await assertRejects(
      () => verifyRotation(claim, given),
      AuthError,
      "not signed with the private key of the next one",
    );
  }
});
