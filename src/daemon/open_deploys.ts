import type { ReleaseStore } from "../deploy/store.ts";
import { MyPaasError } from "../error.ts";
import { toWireError } from "../wire/error_body.ts";
import type { Deploy } from "./work.ts";

/** A deploy that can be cancelled as long as its release is pending. */
export interface OpenDeploy {
  readonly deploy: Deploy;
  /** Number of its release. */
  readonly release: number;
  readonly cancel: AbortController;
  /** It is no longer waiting for its turn. */
  begun: boolean;
}

/** The deploys that are not over. */
export class OpenDeploys {
  readonly #store: Pick<ReleaseStore, "release" | "fail">;
  readonly #now: () => Date;
  readonly #open = new Map<string, OpenDeploy>();

  constructor({ store, now }: { readonly store: Pick<ReleaseStore, "release" | "fail">; readonly now: () => Date }) {
    this.#store = store;
    this.#now = now;
  }

  /** @param release its number */
  add(deploy: Deploy, release: number): OpenDeploy {
    const open = { deploy, release, cancel: new AbortController(), begun: false };
    this.#open.set(deploy.id, open);
    return open;
  }

  /** It is over. */
  delete({ id }: Deploy): void {
    this.#open.delete(id);
  }

  /**
   * Cancels what is not live yet: one deploy by its id, or all of a service. The old release goes on.
   *
   * @param by who asked, for the sentence
   * @returns ids of what was cancelled; empty when there was nothing
   */
  cancel(service: string, { id, by }: { readonly id?: string | undefined; readonly by: string }): readonly string[] {
    const found = [...this.#open.values()].filter(({ deploy, release }) =>
      deploy.service === service && (id === undefined || deploy.id === id) &&
      this.#store.release(service, release)?.status === "pending"
    );
    for (const { deploy, release, cancel, begun } of found) {
      const error = new MyPaasError(`Cannot finish the deploy "${deploy.id}": ${by} cancelled it`);
      cancel.abort(error);
      if (begun) continue;
      // It would be a long time until it finds out by itself.
      this.#open.delete(deploy.id);
      this.#store.fail(service, release, "cancelled", error.message, this.#now().toISOString());
      deploy.log.add({ kind: "failed", deploy: deploy.id, error: toWireError(error) });
    }
    return found.map(({ deploy }) => deploy.id);
  }
}
