// What tells a repeat of a request from another request.

const BYTES = 16;

/** Return a new idempotency key. Not by `crypto.randomUUID`, which pages without TLS do not have. */
export function freshKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(BYTES))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
