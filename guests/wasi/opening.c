/* Opening: every flag, and everything that can be in the way. */
#include "check.h"

__attribute__((import_module("wasi_snapshot_preview1"), import_name("path_open"))) int32_t raw_open(
    int32_t fd, int32_t flags, const char *path, int32_t length, int32_t oflags, int64_t base, int64_t inheriting, int32_t fdflags, int32_t *out);

static __wasi_errno_t opens(const char *path, __wasi_oflags_t oflags, __wasi_rights_t rights) {
  __wasi_fd_t fd;
  __wasi_errno_t error = __wasi_path_open(FIRST, __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, path, oflags, rights, 0, 0, &fd);
  return error ? error : __wasi_fd_close(fd);
}

static char name[5000];

int main(void) {
  __wasi_fd_t fd;
  __wasi_filestat_t stat;
  int32_t out;

  /* What is there. */
  OK(open_in(FIRST, "file.txt", 0, &fd));
  CHECK(reads(fd, "a file\n"));
  OK(__wasi_fd_close(fd));
  OK(open_in(FIRST, "folder//.././folder/one", 0, &fd));
  CHECK(reads(fd, "one"));
  OK(__wasi_fd_close(fd));
  OK(opens("folder", 0, 0));
  OK(opens("folder/", 0, 0));
  OK(opens("folder///", __WASI_OFLAGS_DIRECTORY, __WASI_RIGHTS_FD_READDIR));
  FAILS(ISDIR, opens("folder", 0, __WASI_RIGHTS_FD_WRITE));
  FAILS(ISDIR, opens("folder", __WASI_OFLAGS_DIRECTORY, __WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_WRITE));
  FAILS(ISDIR, opens("folder", __WASI_OFLAGS_CREAT, 0));
  FAILS(ISDIR, opens("folder", __WASI_OFLAGS_TRUNC, 0));
  FAILS(NOTDIR, opens("file.txt", __WASI_OFLAGS_DIRECTORY, 0));
  FAILS(NOTDIR, opens("file.txt/", 0, 0));
  FAILS(NOTDIR, opens("file.txt/x", 0, 0));
  FAILS(NOTDIR, opens("file.txt/..", 0, 0));
  FAILS(NOENT, opens("nothing", 0, 0));
  FAILS(NOENT, opens("nothing/x", __WASI_OFLAGS_CREAT, 0));
  FAILS(NOENT, opens("", 0, 0));

  /* What is made. */
  OK(opens("new", __WASI_OFLAGS_CREAT, 0));
  OK(opens("new", __WASI_OFLAGS_CREAT, 0));
  FAILS(EXIST, opens("new", __WASI_OFLAGS_CREAT | __WASI_OFLAGS_EXCL, 0));
  OK(opens("other", __WASI_OFLAGS_CREAT | __WASI_OFLAGS_EXCL, 0));
  FAILS(INVAL, opens("third", __WASI_OFLAGS_CREAT | __WASI_OFLAGS_DIRECTORY, 0));
  FAILS(ISDIR, opens("third/", __WASI_OFLAGS_CREAT, 0));
  FAILS(NOENT, stat_of(FIRST, "third", &stat));
  OK(open_in(FIRST, "file.txt", __WASI_OFLAGS_TRUNC, &fd));
  CHECK(reads(fd, ""));
  OK(stat_of(FIRST, "file.txt", &stat));
  CHECK(stat.size == 0);

  /* A descriptor that is no directory leads nowhere. */
  FAILS(NOTDIR, __wasi_path_open(fd, 0, "x", 0, 0, 0, 0, &fd));
  FAILS(NOTDIR, __wasi_path_open(1, 0, "x", 0, 0, 0, 0, &fd));
  OK(__wasi_fd_close(fd));

  /* Flags that there aren't. */
  FAILS(INVAL, __wasi_path_open(FIRST, 2, "new", 0, 0, 0, 0, &fd));
  FAILS(INVAL, __wasi_path_open(FIRST, 0, "new", 16, 0, 0, 0, &fd));
  FAILS(INVAL, __wasi_path_open(FIRST, 0, "new", 0, 0, 0, 32, &fd));
  FAILS(NOTCAPABLE, __wasi_path_open(FIRST, 0, "new", 0, (uint64_t)1 << 40, 0, 0, &fd));
  FAILS(NOTCAPABLE, __wasi_path_open(FIRST, 0, "new", 0, 0, ALL_RIGHTS, 0, &fd));

  /* Nothing is outside. */
  FAILS(NOTCAPABLE, opens("/file.txt", 0, 0));
  FAILS(NOTCAPABLE, opens("/", 0, 0));
  FAILS(NOTCAPABLE, opens("..", 0, 0));
  FAILS(NOTCAPABLE, opens("../tree/file.txt", 0, 0));
  FAILS(NOTCAPABLE, opens("folder/../../tree/file.txt", 0, 0));
  FAILS(NOTCAPABLE, opens("folder/../..", __WASI_OFLAGS_DIRECTORY, 0));
  FAILS(NOTCAPABLE, opens("../x", __WASI_OFLAGS_CREAT, 0));
  OK(open_in(FIRST, "folder", __WASI_OFLAGS_DIRECTORY, &fd));
  FAILS(NOTCAPABLE, __wasi_path_filestat_get(fd, 0, "../file.txt", &stat));
  FAILS(NOTCAPABLE, __wasi_path_create_directory(fd, "../made"));
  FAILS(NOTCAPABLE, __wasi_path_unlink_file(fd, "../file.txt"));
  FAILS(NOTCAPABLE, __wasi_path_remove_directory(fd, "../folder"));
  FAILS(NOTCAPABLE, __wasi_path_rename(fd, "../new", fd, "new"));
  FAILS(NOTCAPABLE, __wasi_path_rename(fd, "one", fd, "../one"));
  FAILS(NOTCAPABLE, __wasi_path_link(fd, 0, "../new", fd, "new"));
  FAILS(NOTCAPABLE, __wasi_path_link(fd, 0, "one", fd, "../one"));
  FAILS(NOTCAPABLE, __wasi_path_symlink("one", fd, "../one"));
  FAILS(NOTCAPABLE, __wasi_path_filestat_set_times(fd, 0, "../new", 0, 0, 0));

  /* Names that are none: with a NUL, a backslash, bytes that are no UTF-8, letters that have a twin, too many letters. */
  FAILS(INVAL, raw_open(FIRST, 0, "new\0", 4, 0, 0, 0, 0, &out));
  FAILS(INVAL, opens("folder\\one", 0, 0));
  FAILS(INVAL, opens("a\\b", __WASI_OFLAGS_CREAT, 0));
  FAILS(ILSEQ, opens("\xff", __WASI_OFLAGS_CREAT, 0));
  FAILS(ILSEQ, opens("\xed\xa0\x80", __WASI_OFLAGS_CREAT, 0));
  OK(opens("\u00e9", __WASI_OFLAGS_CREAT, 0));
  FAILS(ILSEQ, opens("e\u0301", __WASI_OFLAGS_CREAT, 0));
  memset(name, 'n', 4999);
  FAILS(NAMETOOLONG, opens(name, __WASI_OFLAGS_CREAT, 0));
  name[4096] = 0;
  FAILS(NAMETOOLONG, opens(name, __WASI_OFLAGS_CREAT, 0));
  name[256] = 0;
  FAILS(NAMETOOLONG, opens(name, __WASI_OFLAGS_CREAT, 0));
  name[255] = 0;
  OK(opens(name, __WASI_OFLAGS_CREAT, 0));
  FAILS(NAMETOOLONG, raw_open(FIRST, 0, "x", -1, 0, 0, 0, 0, &out));

  /* Flags of a descriptor are kept. */
  __wasi_fdstat_t status;
  OK(__wasi_path_open(FIRST, 0, "new", 0, __WASI_RIGHTS_FD_WRITE, 0, 31, &fd));
  OK(__wasi_fd_fdstat_get(fd, &status));
  CHECK(status.fs_flags == 31);
  return 0;
}
