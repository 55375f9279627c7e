import { exportPrivateKey, generateKey, importPrivateKey, type KeyPair } from "../auth/keys.ts";
import { exportSealingKey, generateSealingKey, importSealingKey, type SealingKey } from "../auth/seal.ts";
import { MyPaasError } from "../error.ts";
import { readText, replaceFile } from "../host/files.ts";
import { certificatePin } from "../setup/certificate_pin.ts";
import type { ServerLayout } from "../setup/layout.ts";

/** The daemon's own key, made at its first start. */
export async function ownKey({ daemonKey }: ServerLayout): Promise<KeyPair> {
  const saved = await readText(daemonKey);
  if (saved !== undefined) return await importPrivateKey(saved);
  const key = await generateKey();
  await replaceFile(daemonKey, `${await exportPrivateKey(key)}\n`, 0o600);
  return key;
}

/** The key that secrets are sealed to, made at the daemon's first start. */
export async function ownSealingKey({ sealingKey }: ServerLayout): Promise<SealingKey> {
  const saved = await readText(sealingKey);
  if (saved !== undefined) return await importSealingKey(saved);
  const key = await generateSealingKey();
  await replaceFile(sealingKey, `${await exportSealingKey(key)}\n`, 0o600);
  return key;
}

/** The pin of the certificate that init made for a server without a domain. */
export async function pinOf({ certificate }: ServerLayout): Promise<string> {
  const pem = await readText(certificate);
  if (pem !== undefined) return await certificatePin(pem);
  throw new MyPaasError(`Cannot start the daemon: there is no ${certificate}`, {
    hint: "Run mypaas init again: it makes what is missing.",
  });
}
