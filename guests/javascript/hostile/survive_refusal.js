// A refused allocation that is caught. The guest goes on, and the refusal is still counted.
try {
  return new Uint8Array(1e9).length;
} catch (error) {
  return error.message;
}
