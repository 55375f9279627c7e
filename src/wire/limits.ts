// What one request may hold. Both sides know these numbers: the client says early what the server would refuse.

/** No chunk is larger than this, so that one fits into memory everywhere. */
export const MAX_CHUNK_BYTES = 1 << 20;

/** Entries of one manifest. */
export const MAX_ENTRIES = 100_000;

/** UTF-8 bytes of a path or of a link's target. */
export const MAX_PATH_BYTES = 4096;

/** Digests that one `POST /v1/missing` may ask for. */
export const MAX_MISSING_DIGESTS = 20_000;

/** Permission bits with set-user-id, set-group-id and sticky. */
export const MAX_MODE = 0o7777;

/** Characters of the name of a key or an invite. */
export const MAX_NAME_LENGTH = 64;

/** Services that one scope may name. */
export const MAX_SCOPE_NAMES = 200;

/** Body of `POST /v1/deploy`, in bytes. */
export const MAX_DEPLOY_BODY_BYTES = 64 << 20;

/** Body of a request that nobody has signed, in bytes: each of many may have one. */
export const MAX_UNSIGNED_BODY_BYTES = 64 << 10;

/** Address of a request with its query, in characters. */
export const MAX_URL_LENGTH = 8 << 10;

/** Body of every other request that is read whole, in bytes. */
export const MAX_BODY_BYTES = 4 << 20;

/** One line of an event stream, in bytes. */
export const MAX_LINE_BYTES = 1 << 20;

/** Payload of one frame, in bytes: a chunk that compression made larger may still travel. */
export const MAX_PAYLOAD_BYTES = MAX_CHUNK_BYTES + 4096;

/** Value of one environment variable, in UTF-8 bytes; Linux takes 128 KiB for name and value together (execve(2)). */
export const MAX_ENV_VALUE_BYTES = 64 << 10;

/** Variables that the store of one service holds, and that one request sets. */
export const MAX_ENV_VALUES = 200;

/** Base64url of the longest sealed value: its bytes and 16 of tag. */
export const MAX_SEALED_CHARACTERS = Math.ceil((MAX_ENV_VALUE_BYTES + 16) * 4 / 3);
