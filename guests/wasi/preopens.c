/* The directories that a program is given: their names, their numbers, closing and replacing them. */
#include "check.h"

int main(void) {
  __wasi_prestat_t prestat;
  __wasi_fdstat_t status;
  __wasi_filestat_t first, stat;
  __wasi_fd_t fd;
  uint8_t name[16];

  OK(__wasi_fd_prestat_get(3, &prestat));
  CHECK(prestat.tag == __WASI_PREOPENTYPE_DIR && prestat.u.dir.pr_name_len == 4);
  memset(name, 'x', sizeof name);
  OK(__wasi_fd_prestat_dir_name(3, name, 4));
  CHECK(memcmp(name, "treex", 5) == 0);
  OK(__wasi_fd_prestat_dir_name(3, name, 16));
  CHECK(memcmp(name, "treex", 5) == 0);
  FAILS(NAMETOOLONG, __wasi_fd_prestat_dir_name(3, name, 3));
  FAILS(NAMETOOLONG, __wasi_fd_prestat_dir_name(3, name, 0));
  OK(__wasi_fd_prestat_get(4, &prestat));
  CHECK(prestat.u.dir.pr_name_len == 11);
  FAILS(BADF, __wasi_fd_prestat_get(5, &prestat));
  FAILS(BADF, __wasi_fd_prestat_dir_name(5, name, 16));
  FAILS(BADF, __wasi_fd_prestat_get(0, &prestat));

  OK(__wasi_fd_fdstat_get(3, &status));
  CHECK(status.fs_filetype == __WASI_FILETYPE_DIRECTORY && status.fs_flags == 0);
  CHECK((status.fs_rights_base & (__WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_WRITE | __WASI_RIGHTS_FD_SEEK)) == 0);
  CHECK((status.fs_rights_base & ~status.fs_rights_inheriting) == 0);
  CHECK((status.fs_rights_inheriting & (__WASI_RIGHTS_SOCK_SHUTDOWN | __WASI_RIGHTS_SOCK_ACCEPT)) == 0);

  /* What is opened is none, not even the directory itself. */
  OK(open_in(3, ".", __WASI_OFLAGS_DIRECTORY, &fd));
  CHECK(fd == 5);
  FAILS(BADF, __wasi_fd_prestat_get(fd, &prestat));
  OK(__wasi_fd_filestat_get(3, &first));
  OK(__wasi_fd_filestat_get(fd, &stat));
  CHECK(first.dev == stat.dev && first.ino == stat.ino && stat.filetype == __WASI_FILETYPE_DIRECTORY);

  /* Two that are given are apart, although one's files are the other's here. */
  OK(make_file(3, "made", "text"));
  FAILS(NOENT, __wasi_path_filestat_get(4, 0, "made", &stat));
  FAILS(XDEV, __wasi_path_rename(3, "made", 4, "made"));
  FAILS(XDEV, __wasi_path_link(3, 0, "made", 4, "made"));
  OK(__wasi_path_rename(3, "made", fd, "moved"));

  OK(__wasi_fd_renumber(fd, 4));
  FAILS(BADF, __wasi_fd_prestat_get(4, &prestat));
  OK(stat_of(4, "moved", &stat));
  OK(__wasi_fd_close(3));
  FAILS(BADF, __wasi_fd_prestat_get(3, &prestat));
  FAILS(BADF, __wasi_fd_fdstat_get(3, &status));
  OK(open_in(4, "moved", 0, &fd));
  CHECK(fd == 3 && reads(fd, "text"));
  return 0;
}
