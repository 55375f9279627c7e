import { assertEquals, assertRejects } from "@std/assert";
import { DamagedPart } from "../../src/archive/blobs.ts";
import { DamagedParts } from "../../src/daemon/damaged_parts.ts";
import { blobFolder } from "../../src/host/blob_store.ts";
import { sha256 } from "../../src/host/hash.ts";
import { plant, tempFolder } from "../host/temp_folder.ts";

const CONTENT = new TextEncoder().encode("hello");
const DIGEST = sha256(CONTENT);
const CHUNK = { digest: DIGEST, size: CONTENT.length };
const PATH = `web/${DIGEST.slice(0, 2)}/${DIGEST}`;

for (const [what, content] of [["other bytes", "HELLO"], ["fewer bytes", "hel"], ["no bytes", ""]] as const) {
  Deno.test(`DamagedParts counts a part with ${what} as gone, for its service, until it is whole again`, async () => {
    await using folder = await tempFolder();
    const blobs = blobFolder(folder.path);
    const parts = new DamagedParts(blobs);
    await blobs.put("web", [{ digest: DIGEST, content: CONTENT }]);
    await blobs.put("shop", [{ digest: DIGEST, content: CONTENT }]);
    await plant(folder.path, { [PATH]: content });
    // Nobody has read it yet.
    assertEquals([await parts.gone("web", [DIGEST]), parts.damaged("web")], [[], []]);
    await assertRejects(() => parts.read("web", CHUNK), DamagedPart, DIGEST);
    assertEquals([await parts.gone("web", [DIGEST]), parts.damaged("web")], [[DIGEST], [DIGEST]]);
    assertEquals([await parts.gone("web", [sha256("else")]), await parts.gone("web", [])], [[sha256("else")], []]);
    assertEquals([await parts.gone("shop", [DIGEST]), parts.damaged("shop")], [[], []]);
    await blobs.put("web", [{ digest: DIGEST, content: CONTENT }]);
    assertEquals([await parts.gone("web", [DIGEST]), parts.damaged("web")], [[], []]);
    assertEquals(await parts.read("web", CHUNK), CONTENT);
  });
}

Deno.test("DamagedParts does not take a part that is missing, or is no file, for a damaged one", async () => {
  await using folder = await tempFolder();
  const parts = new DamagedParts(blobFolder(folder.path));
  await assertRejects(() => parts.read("web", CHUNK), Error, "it is not there");
  await plant(folder.path, { [PATH]: { link: "/etc/passwd" } });
  await assertRejects(() => parts.read("web", CHUNK), Error, "it is a link");
  assertEquals(parts.damaged("web"), []);
});
