import { Label } from "../../src/service/names.ts";
import { look } from "./engine.ts";

/** An end of a container. */
export interface Exit {
  readonly service: string | undefined;
  readonly exitCode: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** How the containers of a server ended since a time (milliseconds since 1970), in order, by Docker's word. */
export async function exitsSince(serverId: string, since: number): Promise<readonly Exit[]> {
  const wanted = { type: ["container"], event: ["die"], label: [`${Label.instance}=${serverId}`] };
  const times = `since=${since / 1000}&until=${Date.now() / 1000}`;
  const answer = await look(`/events?${times}&filters=${encodeURIComponent(JSON.stringify(wanted))}`);
  return answer.trim().split("\n").filter((line) => line !== "").map((line) => {
    const event: { timeNano: number; Actor: { Attributes: Record<string, string> } } = JSON.parse(line);
    const { Attributes } = event.Actor;
    return { service: Attributes[Label.service], exitCode: Number(Attributes["exitCode"]), at: event.timeNano / 1e6 };
  });
}
