// Apart from the signature itself, so that the receiver, which verifies nothing, does not load what verifying needs.

/** The header that names the server a request is for, by its id. */
export const SERVER_HEADER = "mypaas-server";
