// As much of WebAssembly's types as this room uses: they stand in TypeScript's library for browsers, which a server does not load.
declare namespace WebAssembly {
  interface Module {
    readonly [kind: symbol]: never;
  }
  interface Memory {
    readonly buffer: ArrayBuffer;
  }
  const Memory: new (descriptor: { initial: number; maximum: number }) => Memory;
  function compile(bytes: Uint8Array): Promise<Module>;
}
