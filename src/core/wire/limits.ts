/**
 * Limits of both protocols. Whatever arrives is held against these before anything is allocated for it.
 * docs/PROTOCOL.md repeats them for implementers; this file is the one that counts.
 */

/** Version that both hellos carry. Peers and servers of another version are refused. */
export const PROTOCOL_VERSION = 1

/** Largest peer frame in bytes, its type byte included. Chromium's channel refuses more than 262,144 bytes. */
export const MAX_FRAME_BYTES: number = 256 * 1024

/** Largest payload of one block that is taken, in bytes (192 KiB; guess between throughput and how long a control frame waits). */
export const MAX_BLOCK_BYTES: number = 192 * 1024

/** Smallest chunk that a hello may name, in bytes: 16 KiB, the smallest piece length of BEP 52. */
export const MIN_CHUNK_BYTES: number = 16 * 1024

/** Largest chunk that a hello may name, in bytes: 16 MiB, the largest piece length in common use. */
export const MAX_CHUNK_BYTES: number = 16 * 1024 * 1024

/** Most chunks of a file. Bounds every bit field to 128 KiB and every chunk index to 20 bits. */
export const MAX_CHUNKS: number = 1024 * 1024

/** Longest bit field in bytes. */
export const MAX_BITFIELD_BYTES: number = MAX_CHUNKS / 8

/** Largest file in bytes: 1 TiB, far inside the integers that a double holds exactly. */
export const MAX_FILE_BYTES: number = 2 ** 40

/** Most entries of one `have`: with digests 36 bytes each, so 36 KiB. */
export const MAX_HAVES_PER_MESSAGE = 1024

/** Most chunk indices of one `request`, `cancel` or `refuse`. */
export const MAX_REQUESTS_PER_MESSAGE = 64

/** Most chunk indices of one `leaving`: 1 KiB, and more than most uplinks carry in the 2 s that are left (guess). */
export const MAX_CHUNKS_PER_LEAVING = 256

/** Most runs of one `claim`, and most brought. A seat rarely has more than two. */
export const MAX_RUNS_PER_CLAIM = 16

/** Longest time until a claim is said again, in seconds: it counts for twice as long (guess). */
export const MAX_RENEWAL_SEC = 16

/** Most seats at an origin that a plan may name, and that the topology server remembers: what 16 bits hold. */
export const MAX_SEATS = 0xffff

/** Most hops a flooded message may travel: a random mesh of 10,000 with degree 8 has a diameter of 6. */
export const MAX_HOPS = 16

/** Most links that relayed signalling crosses: most of a random mesh of 10,000 is within 4 (guess: two more). */
export const MAX_RELAY_HOPS = 6

/** Largest relayed signalling data in bytes, as JSON: what the topology protocol carries, too. */
export const MAX_RELAY_DATA_BYTES = 16_256

/** Longest validator in bytes (an ETag or a Last-Modified date), printable ASCII. */
export const MAX_VALIDATOR_LENGTH = 128

/** Length of a SHA-256 digest in bytes. */
export const DIGEST_BYTES = 32

/** Largest message of the topology protocol in bytes: room for an SDP of several candidates. */
export const MAX_TOPOLOGY_MESSAGE_BYTES: number = 16 * 1024

/** Most peers that one `welcome` introduces. */
export const MAX_INTRODUCTIONS = 32

/** Most ICE servers in a `welcome`. */
export const MAX_ICE_SERVERS = 8
