/* Symbolic links and second names. No link leads out of the directory that the path started from. */
#include "check.h"

static __wasi_errno_t follows(const char *path, __wasi_oflags_t oflags) {
  __wasi_fd_t fd;
  __wasi_errno_t error = open_in(FIRST, path, oflags, &fd);
  return error ? error : __wasi_fd_close(fd);
}

static __wasi_errno_t opens(const char *path, __wasi_oflags_t oflags) {
  __wasi_fd_t fd;
  __wasi_errno_t error = __wasi_path_open(FIRST, 0, path, oflags, 0, 0, 0, &fd);
  return error ? error : __wasi_fd_close(fd);
}

int main(void) {
  __wasi_filestat_t stat, target;
  __wasi_size_t used;
  __wasi_fd_t fd;
  uint8_t text[16] = {0};

  /* A link is what it says, or what it leads to. */
  OK(__wasi_path_symlink("file.txt", FIRST, "link"));
  OK(stat_of(FIRST, "link", &stat));
  CHECK(stat.filetype == __WASI_FILETYPE_SYMBOLIC_LINK && stat.size == 8 && stat.nlink == 1);
  OK(stat_of(FIRST, "file.txt", &target));
  OK(__wasi_path_filestat_get(FIRST, __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, "link", &stat));
  CHECK(stat.ino == target.ino && stat.filetype == __WASI_FILETYPE_REGULAR_FILE);
  OK(open_in(FIRST, "link", 0, &fd));
  CHECK(reads(fd, "a file\n"));
  FAILS(LOOP, opens("link", 0));
  FAILS(NOTDIR, follows("link", __WASI_OFLAGS_DIRECTORY));
  FAILS(NOTDIR, opens("link/", 0));
  FAILS(NOTDIR, follows("link/", 0));
  FAILS(INVAL, __wasi_path_filestat_get(FIRST, 2, "link", &stat));

  OK(__wasi_path_readlink(FIRST, "link", text, sizeof text, &used));
  CHECK(used == 8 && memcmp(text, "file.txt\0", 9) == 0);
  OK(__wasi_path_readlink(FIRST, "link", text, 4, &used));
  CHECK(used == 4);
  OK(__wasi_path_readlink(FIRST, "link", text, 0, &used));
  CHECK(used == 0);
  FAILS(INVAL, __wasi_path_readlink(FIRST, "file.txt", text, sizeof text, &used));
  FAILS(INVAL, __wasi_path_readlink(FIRST, "folder", text, sizeof text, &used));
  FAILS(NOENT, __wasi_path_readlink(FIRST, "no", text, sizeof text, &used));

  /* Times are the link's, or the target's. */
  OK(__wasi_path_filestat_set_times(FIRST, 0, "link", 0, 5, __WASI_FSTFLAGS_MTIM));
  OK(stat_of(FIRST, "file.txt", &stat));
  CHECK(stat.mtim == target.mtim);
  OK(__wasi_path_filestat_set_times(FIRST, __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, "link", 6, 7, __WASI_FSTFLAGS_MTIM | __WASI_FSTFLAGS_ATIM));
  OK(stat_of(FIRST, "file.txt", &stat));
  CHECK(stat.mtim == 7 && stat.atim == 6);
  OK(stat_of(FIRST, "link", &stat));
  CHECK(stat.mtim == 5);
  FAILS(INVAL, __wasi_path_filestat_set_times(FIRST, 0, "link", 0, 5, __WASI_FSTFLAGS_MTIM | __WASI_FSTFLAGS_MTIM_NOW));
  FAILS(NOENT, __wasi_path_filestat_set_times(FIRST, 0, "no", 0, 5, __WASI_FSTFLAGS_MTIM));

  /* Links to directories, on the way and at the end, and links to links. */
  OK(__wasi_path_symlink("folder", FIRST, "way"));
  OK(__wasi_path_symlink("way/one", FIRST, "far"));
  OK(open_in(FIRST, "far", 0, &fd));
  CHECK(reads(fd, "one"));
  OK(open_in(FIRST, "way/../way/./two", 0, &fd));
  CHECK(reads(fd, "two"));
  OK(follows("way", __WASI_OFLAGS_DIRECTORY));
  OK(follows("way/", __WASI_OFLAGS_DIRECTORY));
  FAILS(NOTDIR, opens("way/", __WASI_OFLAGS_DIRECTORY));
  CHECK(opens("way", __WASI_OFLAGS_DIRECTORY) == __WASI_ERRNO_LOOP);
  OK(__wasi_path_symlink("../file.txt", FIRST, "folder/up"));
  OK(open_in(FIRST, "folder/up", 0, &fd));
  CHECK(reads(fd, "a file\n"));
  FAILS(NOTDIR, __wasi_path_remove_directory(FIRST, "way"));
  FAILS(NOTDIR, __wasi_path_unlink_file(FIRST, "way/"));

  /* A link that leads nowhere: what is made through it is made where it leads. */
  OK(__wasi_path_symlink("folder/made", FIRST, "dangling"));
  FAILS(NOENT, follows("dangling", 0));
  FAILS(LOOP, opens("dangling", 0));
  FAILS(EXIST, follows("dangling", __WASI_OFLAGS_CREAT | __WASI_OFLAGS_EXCL));
  FAILS(EXIST, __wasi_path_create_directory(FIRST, "dangling"));
  OK(follows("dangling", __WASI_OFLAGS_CREAT));
  OK(stat_of(FIRST, "folder/made", &stat));

  /* In circles. */
  OK(__wasi_path_symlink("circle", FIRST, "circle"));
  OK(__wasi_path_symlink("b/x", FIRST, "a"));
  OK(__wasi_path_symlink("a/x", FIRST, "b"));
  FAILS(LOOP, follows("circle", 0));
  FAILS(LOOP, opens("circle", 0));
  FAILS(LOOP, follows("a", __WASI_OFLAGS_CREAT));
  FAILS(LOOP, stat_of(FIRST, "b/x", &stat));

  /* Outside, in every way: with a slash behind and without, followed at the end and on the way. */
  FAILS(NOTCAPABLE, __wasi_path_symlink("/", FIRST, "root"));
  FAILS(NOTCAPABLE, __wasi_path_symlink("/file.txt", FIRST, "root"));
  OK(__wasi_path_symlink("..", FIRST, "out"));
  OK(__wasi_path_symlink("folder/../../tree/file.txt", FIRST, "back"));
  OK(__wasi_path_symlink("out", FIRST, "next"));
  FAILS(NOTCAPABLE, follows("out", __WASI_OFLAGS_DIRECTORY));
  FAILS(NOTCAPABLE, follows("out/", __WASI_OFLAGS_DIRECTORY));
  FAILS(NOTCAPABLE, follows("out/tree", __WASI_OFLAGS_DIRECTORY));
  FAILS(NOTCAPABLE, follows("next", 0));
  FAILS(NOTCAPABLE, follows("next/", 0));
  FAILS(NOTCAPABLE, follows("folder/../next/", 0));
  FAILS(NOTCAPABLE, follows("back", 0));
  FAILS(NOTCAPABLE, follows("back", __WASI_OFLAGS_CREAT));
  FAILS(NOTCAPABLE, follows("back", __WASI_OFLAGS_TRUNC));
  FAILS(NOTCAPABLE, stat_of(FIRST, "out/x", &stat));
  FAILS(NOTCAPABLE, __wasi_path_create_directory(FIRST, "out/x"));
  FAILS(NOTCAPABLE, __wasi_path_rename(FIRST, "file.txt", FIRST, "out/x"));
  FAILS(NOTCAPABLE, __wasi_path_link(FIRST, 0, "file.txt", FIRST, "out/x"));
  FAILS(NOTCAPABLE, __wasi_path_link(FIRST, __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, "out", FIRST, "x"));
  /* Where a path starts is what it may not leave. */
  OK(open_in(FIRST, "folder", __WASI_OFLAGS_DIRECTORY, &fd));
  FAILS(NOTCAPABLE, __wasi_path_filestat_get(fd, __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, "up", &stat));

  /* Making links. */
  FAILS(EXIST, __wasi_path_symlink("x", FIRST, "link"));
  FAILS(EXIST, __wasi_path_symlink("x", FIRST, "folder/"));
  FAILS(NOTDIR, __wasi_path_symlink("x", FIRST, "file.txt/"));
  FAILS(NOENT, __wasi_path_symlink("x", FIRST, "new/"));
  FAILS(NOENT, __wasi_path_symlink("", FIRST, "new"));
  FAILS(INVAL, __wasi_path_symlink("a\\b", FIRST, "new"));
  FAILS(ILSEQ, __wasi_path_symlink("\xff", FIRST, "new"));

  /* Second names are as good as the first. */
  OK(__wasi_path_link(FIRST, 0, "file.txt", FIRST, "folder/same"));
  OK(stat_of(FIRST, "folder/same", &stat));
  CHECK(stat.ino == target.ino && stat.nlink == 2);
  OK(__wasi_path_rename(FIRST, "file.txt", FIRST, "folder/same"));
  OK(stat_of(FIRST, "file.txt", &stat));
  OK(__wasi_path_unlink_file(FIRST, "file.txt"));
  OK(open_in(FIRST, "folder/same", 0, &fd));
  CHECK(reads(fd, "a file\n"));
  OK(stat_of(FIRST, "folder/same", &stat));
  CHECK(stat.nlink == 1);
  FAILS(NOENT, follows("link", 0));
  FAILS(EXIST, __wasi_path_link(FIRST, 0, "folder/same", FIRST, "folder/same"));
  FAILS(EXIST, __wasi_path_link(FIRST, 0, "folder/same", FIRST, "folder"));
  FAILS(EXIST, __wasi_path_link(FIRST, 0, "folder/same", FIRST, "circle"));
  FAILS(PERM, __wasi_path_link(FIRST, 0, "folder", FIRST, "new"));
  FAILS(NOENT, __wasi_path_link(FIRST, 0, "folder/same", FIRST, "new/"));
  FAILS(NOENT, __wasi_path_link(FIRST, 0, "no", FIRST, "new"));
  FAILS(INVAL, __wasi_path_link(FIRST, 2, "folder/same", FIRST, "new"));
  FAILS(NOENT, __wasi_path_link(FIRST, __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, "link", FIRST, "new"));
  OK(__wasi_path_link(FIRST, 0, "link", FIRST, "new"));
  OK(stat_of(FIRST, "new", &stat));
  CHECK(stat.filetype == __WASI_FILETYPE_SYMBOLIC_LINK && stat.nlink == 2);
  OK(__wasi_path_rename(FIRST, "new", FIRST, "circle"));
  OK(__wasi_path_unlink_file(FIRST, "circle"));
  OK(__wasi_path_unlink_file(FIRST, "link"));
  FAILS(NOENT, stat_of(FIRST, "link", &stat));
  return 0;
}
