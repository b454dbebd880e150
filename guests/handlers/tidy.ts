// Writes the granted file "note.txt" as a JSON string, in one line and without what surrounds it.
import { log, openFile, takeAnswer, writeOutput } from "../sdk/glovebox.d";

export function handle(): i32 {
  const name = String.UTF8.encode("note.txt");
  const size = openFile(changetype<usize>(name), name.byteLength);
  if (size < 0) return size;
  const content = new ArrayBuffer(size);
  takeAnswer(changetype<usize>(content), size);
  const text = String.UTF8.decode(content).trim().replaceAll("\n", " ").replaceAll("\\", "\\\\").replaceAll('"', '\\"');
  const output = String.UTF8.encode('"' + text + '"');
  log(1, changetype<usize>(output), output.byteLength);
  return writeOutput(changetype<usize>(output), output.byteLength);
}
