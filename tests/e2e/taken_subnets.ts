import { request } from "./engine.ts";

/** Makes networks of nobody's, so that nobody else gets these subnets until it is disposed of. */
export async function takeSubnets(subnets: readonly string[]): Promise<AsyncDisposable> {
  const prefix = `mp-taken-${crypto.randomUUID().slice(0, 8)}`;
  const made: string[] = [];
  const remove = async () => {
    for (const name of made) await (await request("DELETE", `/networks/${name}`)).body?.cancel();
  };
  try {
    for (const Subnet of subnets) {
      const Name = `${prefix}-${made.length}`;
      await (await request("POST", "/networks/create", JSON.stringify({ Name, IPAM: { Config: [{ Subnet }] } })))
        .text();
      made.push(Name);
    }
  } catch (error) {
    await remove();
    throw error;
  }
  return { [Symbol.asyncDispose]: remove };
}
