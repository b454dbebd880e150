/* Making, reading, moving and removing directories. */
#include "check.h"

static uint8_t entries[8192];

/* Reads a directory from a cookie on with so much room, and checks that what comes has these names, a space behind each. */
static __wasi_dircookie_t lists(__wasi_fd_t fd, __wasi_dircookie_t cookie, __wasi_size_t room, const char *names, int is_end) {
  __wasi_size_t used;
  OK(__wasi_fd_readdir(fd, entries, room, cookie, &used));
  CHECK(is_end ? used < room : used == room);
  for (__wasi_size_t at = 0; at + sizeof(__wasi_dirent_t) <= used;) {
    __wasi_dirent_t entry;
    memcpy(&entry, entries + at, sizeof entry);
    at += sizeof entry;
    if (at + entry.d_namlen > used) break;
    CHECK(memcmp(entries + at, names, entry.d_namlen) == 0 && names[entry.d_namlen] == ' ');
    names += entry.d_namlen + 1;
    at += entry.d_namlen;
    cookie = entry.d_next;
  }
  CHECK(*names == 0);
  return cookie;
}

int main(void) {
  __wasi_fd_t fd, file;
  __wasi_filestat_t stat;
  __wasi_size_t used;

  OK(__wasi_path_create_directory(FIRST, "d"));
  FAILS(EXIST, __wasi_path_create_directory(FIRST, "d"));
  FAILS(EXIST, __wasi_path_create_directory(FIRST, "file.txt"));
  FAILS(EXIST, __wasi_path_create_directory(FIRST, "."));
  FAILS(NOENT, __wasi_path_create_directory(FIRST, "no/d"));
  FAILS(NOTDIR, __wasi_path_create_directory(FIRST, "file.txt/d"));
  OK(__wasi_path_create_directory(FIRST, "d/inner/"));
  OK(open_in(FIRST, "d", __WASI_OFLAGS_DIRECTORY, &fd));

  /* Entries come in the order in which they were made, in as many parts as it takes. */
  OK(make_file(fd, "first", ""));
  OK(make_file(fd, "second", ""));
  __wasi_dircookie_t end = lists(fd, 0, sizeof entries, ". .. inner first second ", 1);
  lists(fd, end, sizeof entries, "", 1);
  __wasi_dircookie_t half = lists(fd, 0, 2 * sizeof(__wasi_dirent_t) + 3, ". .. ", 0);
  half = lists(fd, half, sizeof(__wasi_dirent_t) + 5 + 20, "inner ", 0);
  lists(fd, half, sizeof entries, "first second ", 1);
  lists(fd, half, 10, "", 0);
  lists(fd, 1, sizeof entries, ".. inner first second ", 1);
  OK(__wasi_fd_readdir(fd, entries, sizeof entries, UINT64_MAX, &used));
  CHECK(used == 0);
  OK(__wasi_fd_readdir(fd, entries, 0, 0, &used));
  CHECK(used == 0);

  /* Numbers and types are what a look at each finds. */
  __wasi_dirent_t entry;
  OK(__wasi_fd_readdir(fd, entries, sizeof entries, half, &used));
  memcpy(&entry, entries, sizeof entry);
  OK(stat_of(fd, "first", &stat));
  CHECK(entry.d_ino == stat.ino && entry.d_type == __WASI_FILETYPE_REGULAR_FILE);
  OK(__wasi_fd_readdir(fd, entries, sizeof entries, 0, &used));
  memcpy(&entry, entries, sizeof entry);
  OK(__wasi_fd_filestat_get(fd, &stat));
  CHECK(entry.d_ino == stat.ino && entry.d_type == __WASI_FILETYPE_DIRECTORY);

  /* What is removed on the way makes the reader miss nothing else; what is made is there from the next start on. */
  OK(__wasi_path_unlink_file(fd, "first"));
  OK(make_file(fd, "third", ""));
  lists(fd, 3, sizeof entries, "second ", 1);
  lists(fd, 0, sizeof entries, ". .. inner second third ", 1);
  OK(open_in(fd, "second", 0, &file));
  FAILS(NOTCAPABLE, __wasi_fd_readdir(file, entries, sizeof entries, 0, &used));

  /* Removing. */
  FAILS(NOTEMPTY, __wasi_path_remove_directory(FIRST, "d"));
  FAILS(NOTDIR, __wasi_path_remove_directory(FIRST, "file.txt"));
  FAILS(NOTDIR, __wasi_path_remove_directory(FIRST, "file.txt/"));
  FAILS(NOENT, __wasi_path_remove_directory(FIRST, "no"));
  FAILS(BUSY, __wasi_path_remove_directory(FIRST, "."));
  FAILS(INVAL, __wasi_path_remove_directory(FIRST, "d/inner/."));
  FAILS(ISDIR, __wasi_path_unlink_file(FIRST, "d"));
  FAILS(ISDIR, __wasi_path_unlink_file(FIRST, "d/"));
  FAILS(NOTDIR, __wasi_path_unlink_file(FIRST, "file.txt/"));
  FAILS(NOENT, __wasi_path_unlink_file(FIRST, "no"));
  OK(__wasi_path_remove_directory(FIRST, "d/inner/"));

  /* Moving, also over what is there. */
  OK(__wasi_path_create_directory(fd, "a"));
  OK(__wasi_path_create_directory(fd, "b"));
  OK(__wasi_path_rename(fd, "a/", fd, "b"));
  FAILS(NOENT, stat_of(fd, "a", &stat));
  OK(__wasi_path_rename(fd, "b", fd, "a/"));
  OK(make_file(fd, "a/file", "moves along"));
  OK(__wasi_path_create_directory(fd, "b"));
  FAILS(NOTEMPTY, __wasi_path_rename(fd, "b", fd, "a"));
  FAILS(NOTDIR, __wasi_path_rename(fd, "b", fd, "a/file"));
  FAILS(ISDIR, __wasi_path_rename(fd, "second", fd, "b"));
  FAILS(NOTDIR, __wasi_path_rename(fd, "second", fd, "new/"));
  FAILS(NOENT, __wasi_path_rename(fd, "no", fd, "b"));
  FAILS(NOENT, __wasi_path_rename(fd, "second", fd, "no/b"));
  FAILS(INVAL, __wasi_path_rename(fd, "a", fd, "a/a"));
  FAILS(BUSY, __wasi_path_rename(fd, ".", fd, "c"));
  FAILS(BUSY, __wasi_path_rename(fd, "a", fd, "."));
  OK(__wasi_path_rename(fd, "second", fd, "second"));
  OK(__wasi_path_rename(fd, "second", fd, "third"));
  OK(__wasi_path_rename(fd, "a", FIRST, "elsewhere"));
  OK(stat_of(FIRST, "elsewhere/file", &stat));
  CHECK(stat.size == 11);
  lists(fd, 0, sizeof entries, ". .. b third ", 1);

  /* A directory that was removed is empty for whoever stands in it. */
  OK(__wasi_path_unlink_file(fd, "third"));
  OK(__wasi_path_remove_directory(fd, "b"));
  OK(__wasi_path_remove_directory(FIRST, "d"));
  FAILS(NOENT, open_in(fd, "new", __WASI_OFLAGS_CREAT, &file));
  FAILS(NOENT, __wasi_path_create_directory(fd, "new"));
  lists(fd, 0, sizeof entries, ". .. ", 1);
  return 0;
}
