// As much of Node as the tests use: its own types would be one more dependency.
declare module "node:test" {
  export function test(name: string, run: () => void | Promise<void>): Promise<void>;
}
declare module "node:assert/strict" {
  interface Assert {
    ok(value: unknown, message?: string): asserts value;
    equal(actual: unknown, expected: unknown, message?: string): void;
    notEqual(actual: unknown, expected: unknown, message?: string): void;
    deepEqual(actual: unknown, expected: unknown, message?: string): void;
    match(text: string, pattern: RegExp, message?: string): void;
    throws(run: () => unknown, expected?: RegExp): void;
  }
  const assert: Assert;
  export default assert;
}
