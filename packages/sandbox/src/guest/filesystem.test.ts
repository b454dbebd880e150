import assert from "node:assert/strict";
import { test } from "node:test";
import { Descriptors } from "./descriptors.ts";
import { ERRNO } from "./errno.ts";
import { FILE_SYSTEM_BOUNDS, FileSystem } from "./filesystem.ts";
import { type RegularFile, statOf } from "./node.ts";
import { OpenFile } from "./open-file.ts";

const READ = { write: false, create: false, exclusive: false, truncate: false, directory: false, mode: 0 };
const CREATE = { ...READ, write: true, create: true, mode: 0o644 };
const BOTH = { read: true, write: true };

/** A file system with a writable /work, whose quota counts what is charged. */
function make(bytesMax = 1000, nodesMax = 100) {
  const quota = {
    used: 0,
    take(bytes: number) {
      if (quota.used + bytes > bytesMax) return false;
      quota.used += bytes;
      return true;
    },
    giveBack(bytes: number) {
      quota.used -= bytes;
    },
  };
  let now = 0n;
  const files = new FileSystem({ nowNs: () => ++now, quota, bounds: { ...FILE_SYSTEM_BOUNDS, nodesMax } });
  const work = files.plantDirectory("/work", { readOnly: false });
  return { files, work, quota };
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function created(files: FileSystem, path: string, content = ""): RegularFile {
  const file = files.open(files.root, path, CREATE);
  assert.ok(typeof file !== "number" && file.kind === "file", `${path}: ${String(file)}`);
  assert.equal(files.write(file, 0, bytes(content)), content.length);
  return file;
}

function contentOf(files: FileSystem, file: RegularFile): string {
  const into = new Uint8Array(file.size);
  assert.equal(files.read(file, 0, into), file.size);
  return new TextDecoder().decode(into);
}

test("open() makes, finds and refuses as its options say", () => {
  const { files } = make();
  const open = (path: string, options: Partial<typeof CREATE> = {}) => files.open(files.root, path, { ...READ, ...options });
  assert.equal(open("/work/a"), -ERRNO.ENOENT);
  const file = created(files, "/work/a", "12345");
  assert.equal(open("/work/a"), file);
  assert.equal(open("/work/a", { create: true, exclusive: true, write: true }), -ERRNO.EEXIST);
  assert.equal(open("/work/a", { directory: true }), -ERRNO.ENOTDIR);
  assert.equal(open("/work/a", { truncate: true, write: true }), file);
  assert.equal(file.size, 0);
  assert.equal(open("/work", { write: true }), -ERRNO.EISDIR);
  assert.equal(open("/work", { create: true }), -ERRNO.EISDIR);
  assert.equal(open("/work/b/", { create: true, write: true }), -ERRNO.EISDIR);
  assert.equal(open("/b", { create: true, write: true }), -ERRNO.EROFS);
  assert.equal(open(""), -ERRNO.ENOENT);
});

test("a path is walked name by name, and a slash at its end names a directory", () => {
  const { files, work } = make();
  const file = created(files, "/work/a");
  assert.equal(files.makeDirectory(files.root, "/work/d/", 0o755), 0);
  for (const path of ["/work/a", "work/./a", "//work//a", "/work/d/../a", "/../work/a"])
    assert.equal(files.lookUp(files.root, path), file, path);
  for (const path of ["/work/a/", "/work/a/.", "/work/a/..", "/work/a/b"])
    assert.equal(files.lookUp(files.root, path), -ERRNO.ENOTDIR, path);
  for (const path of ["/work/none/a", "/work/none/../a", "/work/none/."]) assert.equal(files.lookUp(files.root, path), -ERRNO.ENOENT, path);
  assert.equal(files.lookUp(work, "."), work);
  assert.equal(files.lookUp(work, ".."), files.root);
  assert.equal(files.lookUp(files.root, "/"), files.root);
  assert.equal(files.lookUp(files.root, "a\0b"), -ERRNO.EINVAL);
  assert.equal(files.lookUp(files.root, `/work/${"x".repeat(256)}`), -ERRNO.ENAMETOOLONG);
  assert.equal(files.lookUp(files.root, `/work/${"ü".repeat(128)}`), -ERRNO.ENAMETOOLONG);
  assert.equal(files.lookUp(files.root, `/work/${"ü".repeat(127)}`), -ERRNO.ENOENT);
  assert.equal(files.lookUp(files.root, "/x".repeat(2049)), -ERRNO.ENAMETOOLONG);
});

test("a confined path does not leave the directory that it starts from", () => {
  const { files, work } = make();
  files.makeDirectory(work, "d", 0o755);
  const file = created(files, "/work/a");
  for (const path of ["a", "d/../a", "d/./.././a"]) assert.equal(files.lookUp(work, path, { confined: true }), file, path);
  for (const path of ["/work/a", "..", "../work/a", "d/../../work/a", "d/../..", "./.."]) {
    assert.equal(files.lookUp(work, path, { confined: true }), -ERRNO.ENOTCAPABLE, path);
  }
  assert.equal(files.open(work, "../b", CREATE, { confined: true }), -ERRNO.ENOTCAPABLE);
  assert.equal(files.rename(work, "a", work, "../b", true), -ERRNO.ENOTCAPABLE);
});

test("write() leaves zeros in a gap, and what a shorter size cut off does not come back", () => {
  const { files } = make();
  const file = created(files, "/work/a", "abc");
  assert.equal(files.write(file, 5, bytes("xy")), 2);
  assert.equal(contentOf(files, file), "abc\0\0xy");
  assert.equal(files.resize(file, 1), 0);
  assert.equal(files.resize(file, 4), 0);
  assert.equal(contentOf(files, file), "a\0\0\0");
});

test("write() beyond the quota fails and leaves the file as it was", () => {
  const { files, quota } = make(1000);
  const file = created(files, "/work/a", "abc");
  assert.equal(files.write(file, 1000, bytes("x")), -ERRNO.ENOSPC);
  assert.equal(files.resize(file, 2 ** 50), -ERRNO.ENOSPC);
  assert.equal(contentOf(files, file), "abc");
  assert.equal(files.write(file, 999, bytes("x")), 1, "all of the quota can be used");
  assert.equal(quota.used, 1000);
});

test("bytes are given back when a file has neither name nor opening left", () => {
  const { files, quota } = make();
  const file = created(files, "/work/a", "x".repeat(500));
  const open = new OpenFile(files, file, BOTH);
  assert.equal(files.unlink(files.root, "/work/a"), 0);
  assert.ok(quota.used >= 500);
  assert.equal(open.readAt(0, new Uint8Array(10)), 10, "what is open can still be read");
  open.close();
  assert.equal(quota.used, 0);
});

test("renaming over a file gives its bytes back; truncating does, too", () => {
  const { files, quota } = make();
  created(files, "/work/a", "x".repeat(300));
  const file = created(files, "/work/b", "y");
  assert.equal(files.rename(files.root, "/work/b", files.root, "/work/a"), 0);
  assert.ok(quota.used < 300);
  assert.equal(files.lookUp(files.root, "/work/a"), file);
  assert.equal(files.lookUp(files.root, "/work/b"), -ERRNO.ENOENT);
  assert.equal(files.resize(file, 0), 0);
  assert.equal(quota.used, 0);
});

test("rename() refuses what POSIX refuses", () => {
  const { files } = make();
  const { root } = files;
  for (const path of ["/work/d", "/work/d/e", "/work/f"]) assert.equal(files.makeDirectory(root, path, 0o755), 0);
  created(files, "/work/a");
  files.plantFile("/lib/zip", bytes("z"));
  const cases: [string, string, number][] = [
    ["/work/none", "/work/x", ERRNO.ENOENT],
    ["/work/a", "/work/none/x", ERRNO.ENOENT],
    ["/work/d", "/work/d/e/x", ERRNO.EINVAL],
    ["/work/d", "/work/d", 0],
    ["/work/a", "/work/d", ERRNO.EISDIR],
    ["/work/d", "/work/a", ERRNO.ENOTDIR],
    ["/work/f", "/work/d", ERRNO.ENOTEMPTY],
    ["/work/a", "/work/x/", ERRNO.ENOTDIR],
    ["/work/.", "/work/x", ERRNO.EBUSY],
    ["/work/a", "/work/..", ERRNO.EBUSY],
    ["/work/a", "/lib/zip", ERRNO.EROFS],
    ["/lib/zip", "/work/x", ERRNO.EROFS],
    ["/work", "/other", ERRNO.EROFS],
    ["/work/d/e", "/work/f", 0],
  ];
  for (const [from, to, errno] of cases) assert.equal(files.rename(root, from, root, to), 0 - errno, `${from} -> ${to}`);
  assert.equal(files.pathOf(files.lookUp(root, "/work/f") as never), "/work/f");
});

test("removeDirectory() and unlink() refuse what POSIX refuses", () => {
  const { files, work } = make();
  const { root } = files;
  assert.equal(files.makeDirectory(root, "/work/d", 0o755), 0);
  assert.equal(files.makeDirectory(root, "/work/d", 0o755), -ERRNO.EEXIST);
  created(files, "/work/d/a");
  assert.equal(files.removeDirectory(root, "/work/d"), -ERRNO.ENOTEMPTY);
  assert.equal(files.removeDirectory(root, "/work/d/a"), -ERRNO.ENOTDIR);
  assert.equal(files.removeDirectory(root, "/work"), -ERRNO.EROFS);
  assert.equal(files.removeDirectory(root, "/"), -ERRNO.EBUSY);
  assert.equal(files.removeDirectory(work, "."), -ERRNO.EINVAL);
  assert.equal(files.unlink(root, "/work/d"), -ERRNO.EISDIR);
  assert.equal(files.unlink(root, "/work/d/a/"), -ERRNO.ENOTDIR);
  assert.equal(files.unlink(root, "/work/d/a"), 0);
  assert.equal(files.removeDirectory(root, "/work/d/"), 0);
});

test("a directory that was removed while somebody stands in it is empty for ever", () => {
  const { files, work } = make();
  files.makeDirectory(work, "d", 0o755);
  const directory = files.lookUp(work, "d");
  assert.ok(typeof directory !== "number" && directory.kind === "directory");
  assert.equal(files.removeDirectory(work, "d"), 0);
  assert.equal(files.open(directory, "a", CREATE), -ERRNO.ENOENT);
  assert.equal(files.makeDirectory(directory, "e", 0o755), -ERRNO.ENOENT);
  created(files, "/work/a");
  assert.equal(files.rename(work, "a", directory, "a"), -ERRNO.ENOENT);
  assert.equal(files.pathOf(directory), -ERRNO.ENOENT);
  assert.equal(files.lookUp(directory, ".."), -ERRNO.ENOENT);
});

test("read-only files are not copied, written, cut or changed", () => {
  const { files } = make();
  const content = bytes("library");
  const file = files.plantFile("/lib/zip", content);
  assert.equal(file.content, content);
  const open = (options: Partial<typeof CREATE>) => files.open(files.root, "/lib/zip", { ...READ, ...options });
  assert.equal(open({}), file);
  assert.equal(open({ write: true }), -ERRNO.EROFS);
  assert.equal(open({ truncate: true }), -ERRNO.EROFS);
  assert.equal(files.write(file, 0, bytes("x")), -ERRNO.EROFS);
  assert.equal(files.resize(file, 0), -ERRNO.EROFS);
  assert.equal(files.changeMode(file, 0o777), -ERRNO.EROFS);
  assert.equal(files.changeTimes(file, 1n, 1n), -ERRNO.EROFS);
  assert.equal(files.unlink(files.root, "/lib/zip"), -ERRNO.EROFS);
  assert.equal(new TextDecoder().decode(content), "library");
});

test("nodes are bounded, and what was removed makes room", () => {
  const { files } = make(1000, 10);
  let made = 0;
  while (files.makeDirectory(files.root, `/work/${made}`, 0o755) === 0) made++;
  assert.equal(files.nodesUsed, 10);
  assert.equal(files.open(files.root, "/work/a", CREATE), -ERRNO.ENOSPC);
  assert.equal(files.newPipe(), -ERRNO.ENOSPC);
  assert.equal(files.removeDirectory(files.root, "/work/0"), 0);
  created(files, "/work/a");
});

test("inode numbers and times are those of the clock and the order", () => {
  const [first, second] = [make(), make()];
  for (const { files } of [first, second]) created(files, "/work/a", "x");
  const stats = [first, second].map(({ files }) => statOf(files.lookUp(files.root, "/work/a") as RegularFile));
  assert.deepEqual(stats[0], stats[1]);
  const { files } = first;
  const file = files.lookUp(files.root, "/work/a") as RegularFile;
  assert.equal(files.changeTimes(file, 5n, undefined), 0);
  const { accessedNs, modifiedNs } = statOf(file);
  assert.deepEqual([accessedNs, modifiedNs], [5n, stats[0]?.modifiedNs]);
});

test("names are any strings, also those that objects have", () => {
  const { files } = make();
  for (const name of ["__proto__", "constructor", "a\\b", "c:", "é", "e\u0301"]) {
    const file = created(files, `/work/${name}`, name.slice(0, 1).replace("é", "e"));
    assert.equal(files.lookUp(files.root, `/work/${name}`), file);
  }
  assert.equal((files.lookUp(files.root, "/work") as { entries?: Map<string, unknown> }).entries?.size, 6);
});

test("OpenFile reads, writes, appends and seeks where its offset stands", () => {
  const { files } = make();
  const node = created(files, "/work/a", "hello");
  const file = new OpenFile(files, node, BOTH);
  const into = new Uint8Array(3);
  assert.equal(file.read(into), 3);
  assert.equal(file.write(bytes("p!")), 2);
  assert.equal(file.seek(-2n, 1), 3);
  assert.equal(file.seek(-1n, 2), 4);
  assert.equal(file.seek(-1n, 0), -ERRNO.EINVAL);
  assert.equal(file.seek(0n, 9), -ERRNO.EINVAL);
  assert.equal(file.seek(2n ** 62n, 0), -ERRNO.EOVERFLOW);
  assert.equal(file.offset, 4, "a refused seek moves nothing");
  file.append = true;
  file.offset = 0;
  assert.equal(file.write(bytes("++")), 2);
  assert.equal(contentOf(files, node), "help!++");
  assert.equal(file.seek(2n ** 40n, 0), 2 ** 40);
  assert.equal(file.read(into), 0);
  file.append = false;
  assert.equal(file.write(bytes("x")), -ERRNO.ENOSPC);
});

test("OpenFile does what its access allows", () => {
  const { files } = make();
  const node = created(files, "/work/a", "hello");
  const reader = new OpenFile(files, node, { read: true, write: false });
  const writer = new OpenFile(files, node, { read: false, write: true });
  const directory = new OpenFile(files, files.root, { read: true, write: false });
  const into = new Uint8Array(1);
  assert.deepEqual([reader.write(into), reader.writeAt(0, into), reader.resize(0)], [-ERRNO.EBADF, -ERRNO.EBADF, -ERRNO.EINVAL]);
  assert.deepEqual([writer.read(into), writer.readAt(0, into)], [-ERRNO.EBADF, -ERRNO.EBADF]);
  assert.deepEqual([directory.read(into), directory.write(into)], [-ERRNO.EISDIR, -ERRNO.EBADF]);
});

test("entries() skips none when they are removed on the way, and starts anew at offset 0", () => {
  const { files, work } = make();
  for (let i = 0; i < 5; i++) created(files, `/work/${i}`);
  const open = new OpenFile(files, work, { read: true, write: false });
  const seen: string[] = [];
  for (let step = 0; step < 10; step++) {
    const [entry] = open.entries();
    if (!entry) break;
    seen.push(entry.name);
    open.offset = entry.next;
    if (entry.node.kind === "file") files.unlink(work, entry.name);
  }
  assert.deepEqual(seen, [".", "..", "0", "1", "2", "3", "4"]);
  open.offset = 0;
  assert.deepEqual(
    [...open.entries()].map(({ name }) => name),
    [".", ".."],
  );
});

test("a pipe holds what was written until it is read, and never waits", () => {
  const { files, quota } = make(100_000);
  const pipe = files.newPipe();
  assert.ok(typeof pipe !== "number");
  const reader = new OpenFile(files, pipe, { read: true, write: false });
  const writer = new OpenFile(files, pipe, { read: false, write: true });
  const into = new Uint8Array(70_000);
  assert.deepEqual(reader.ready(), { read: false, write: false });
  assert.equal(reader.read(into), -ERRNO.EAGAIN);
  for (let round = 0; round < 3; round++) {
    const sent = Uint8Array.from({ length: 50_000 }, (_, i) => (i * 7 + round) & 255);
    assert.equal(writer.write(sent), 50_000);
    assert.equal(reader.read(into), 50_000);
    assert.deepEqual(into.slice(0, 50_000), sent);
  }
  assert.equal(writer.write(into), 65_536);
  assert.equal(writer.write(into), -ERRNO.EAGAIN);
  assert.deepEqual(writer.ready(), { read: false, write: false });
  writer.close();
  assert.equal(reader.read(into), 65_536);
  assert.equal(reader.read(into), 0, "the end, once nobody can write");
  assert.equal(reader.seek(0n, 0), -ERRNO.ESPIPE);
  reader.close();
  assert.equal(quota.used, 0);
});

test("a pipe that nobody can read is broken", () => {
  const { files } = make(100_000);
  const pipe = files.newPipe();
  assert.ok(typeof pipe !== "number");
  const reader = new OpenFile(files, pipe, { read: true, write: false });
  const writer = new OpenFile(files, pipe, { read: false, write: true });
  reader.close();
  assert.equal(writer.write(bytes("x")), -ERRNO.EPIPE);
});

test("Descriptors gives the lowest free number, up to its bound", () => {
  const { files } = make();
  const node = created(files, "/work/a");
  const table = new Descriptors(4);
  const open = () => table.add(new OpenFile(files, node, BOTH));
  assert.deepEqual([open(), open(), open()], [0, 1, 2]);
  assert.equal(table.close(1), 0);
  assert.equal(table.duplicate(0), 1);
  assert.equal(table.duplicate(0, 3), 3);
  assert.ok(table.full);
  assert.equal(table.duplicate(0), -ERRNO.EMFILE);
  assert.equal(table.duplicate(0, 4), -ERRNO.EINVAL);
  for (const wrong of [-1, 4, 2 ** 31, -(2 ** 31)]) {
    assert.equal(table.get(wrong), undefined);
    assert.equal(table.close(wrong), -ERRNO.EBADF);
    assert.equal(table.duplicateTo(0, wrong), -ERRNO.EBADF);
    assert.equal(table.duplicateTo(wrong, 0), -ERRNO.EBADF);
  }
});

test("Descriptors closes a file with the last descriptor that shares it", () => {
  const { files, quota } = make();
  const node = created(files, "/work/a", "x");
  const table = new Descriptors();
  const first = table.add(new OpenFile(files, node, BOTH));
  const second = table.duplicate(first);
  files.unlink(files.root, "/work/a");
  table.get(first)?.seek(1n, 0);
  assert.equal(table.get(second)?.offset, 1, "the offset is shared");
  table.close(first);
  assert.ok(quota.used > 0);
  assert.equal(table.duplicateTo(second, 7), 7);
  table.close(second);
  table.close(7);
  assert.equal(quota.used, 0);
});
