import { assertEquals, assertRejects } from "@std/assert";
import { UsageError } from "../../src/error.ts";
import { findDockerfile } from "../../src/host/dockerfile_path.ts";
import { plant, tempFolder } from "./temp_folder.ts";

Deno.test("findDockerfile() takes a file, or a folder that has one", async () => {
  await using folder = await tempFolder();
  await plant(folder.path, { "Dockerfile": "", "sub/web.Dockerfile": "" });
  const here = { folder: folder.path, dockerfile: "Dockerfile" };
  assertEquals(await findDockerfile(folder.path), here);
  assertEquals(await findDockerfile(`${folder.path}/Dockerfile`), here);
  assertEquals(await findDockerfile(`${folder.path}/sub/web.Dockerfile`), {
    folder: `${folder.path}/sub`,
    dockerfile: "web.Dockerfile",
  });
  await assertRejects(() => findDockerfile(`${folder.path}/sub`), UsageError, "the folder has no Dockerfile");
  await assertRejects(() => findDockerfile(`${folder.path}/none`), UsageError, "there is no such file");
});

Deno.test("findDockerfile() follows a link inside the folder, and refuses one out of it", async () => {
  await using folder = await tempFolder();
  await plant(folder.path, {
    "app/Dockerfile": { link: "docker/prod" },
    "app/docker/prod": "",
    "app/out": { link: "../other" },
    "other": "",
  });
  assertEquals(await findDockerfile(`${folder.path}/app`), { folder: `${folder.path}/app`, dockerfile: "docker/prod" });
  await assertRejects(() => findDockerfile(`${folder.path}/app/out`), UsageError, "which is not in the folder");
});
