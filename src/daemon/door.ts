/** A socket of the daemon. `local`: daemon.sock, root by file mode. `gate`: the receiver's, where every request is signed. */
export type Door = "local" | "gate";
