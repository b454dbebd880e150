// A buffer module in AssemblyScript: ASCII letters come back as capitals, with an exclamation mark.

export function allocate(size: usize): usize {
  return heap.alloc(size);
}

export function deallocate(address: usize, size: usize): void {
  heap.free(address);
}

export function process(input: usize, length: u32, outputLength: usize): usize {
  const output = allocate(length + 1);
  for (let i: u32 = 0; i < length; i++) {
    const byte = load<u8>(input + i);
    store<u8>(output + i, byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte);
  }
  store<u8>(output + length, 0x21);
  store<u32>(outputLength, length + 1);
  return output;
}
