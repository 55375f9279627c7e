/** A way to a server. `src/host` implements it for TLS, plain loopback and the daemon's unix socket. */
export interface Transport {
  /** Scheme and authority for messages, such as `https://1.2.3.4:8443`; `the daemon` for the socket. */
  readonly name: string;
  /**
   * Sends one request. `path` begins with `/v1/`.
   *
   * @throws {MyPaasError} with one sentence for: name not found, refused, wrong certificate, time-out
   */
  send(
    path: string,
    init: {
      readonly method: string;
      readonly headers?: HeadersInit;
      readonly body?: BodyInit | null;
      readonly signal?: AbortSignal;
    },
  ): Promise<Response>;
  close(): void;
}
