/* What a descriptor has no right to is refused, and rights only ever become fewer. */
#include "check.h"

static __wasi_fd_t with(const char *path, __wasi_rights_t base, __wasi_rights_t inheriting) {
  __wasi_fd_t fd;
  OK(__wasi_path_open(FIRST, 0, path, 0, base, inheriting, 0, &fd));
  return fd;
}

int main(void) {
  __wasi_fdstat_t status;
  __wasi_filestat_t stat;
  __wasi_filesize_t position;
  __wasi_size_t count;
  __wasi_fd_t fd;
  uint8_t bytes[8];
  __wasi_iovec_t in = {bytes, sizeof bytes};
  __wasi_ciovec_t out = {bytes, 1};

  /* A file with no rights at all. */
  fd = with("file.txt", 0, 0);
  OK(__wasi_fd_fdstat_get(fd, &status));
  CHECK(status.fs_rights_base == 0 && status.fs_rights_inheriting == 0);
  FAILS(NOTCAPABLE, __wasi_fd_advise(fd, 0, 0, 0));
  FAILS(NOTCAPABLE, __wasi_fd_allocate(fd, 0, 1));
  FAILS(NOTCAPABLE, __wasi_fd_datasync(fd));
  FAILS(NOTCAPABLE, __wasi_fd_fdstat_set_flags(fd, 0));
  FAILS(NOTCAPABLE, __wasi_fd_filestat_get(fd, &stat));
  FAILS(NOTCAPABLE, __wasi_fd_filestat_set_size(fd, 0));
  FAILS(NOTCAPABLE, __wasi_fd_filestat_set_times(fd, 0, 0, 0));
  FAILS(NOTCAPABLE, __wasi_fd_pread(fd, &in, 1, 0, &count));
  FAILS(NOTCAPABLE, __wasi_fd_pwrite(fd, &out, 1, 0, &count));
  FAILS(NOTCAPABLE, __wasi_fd_read(fd, &in, 1, &count));
  FAILS(NOTCAPABLE, __wasi_fd_readdir(fd, bytes, sizeof bytes, 0, &count));
  FAILS(NOTCAPABLE, __wasi_fd_seek(fd, 0, __WASI_WHENCE_CUR, &position));
  FAILS(NOTCAPABLE, __wasi_fd_sync(fd));
  FAILS(NOTCAPABLE, __wasi_fd_tell(fd, &position));
  FAILS(NOTCAPABLE, __wasi_fd_write(fd, &out, 1, &count));
  OK(__wasi_fd_close(fd));

  /* Telling is less than seeking, and a place is both. */
  fd = with("file.txt", __WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_TELL, 0);
  OK(__wasi_fd_tell(fd, &position));
  OK(__wasi_fd_seek(fd, 0, __WASI_WHENCE_CUR, &position));
  FAILS(NOTCAPABLE, __wasi_fd_seek(fd, 1, __WASI_WHENCE_CUR, &position));
  FAILS(NOTCAPABLE, __wasi_fd_seek(fd, 0, __WASI_WHENCE_SET, &position));
  FAILS(NOTCAPABLE, __wasi_fd_pread(fd, &in, 1, 0, &count));
  CHECK(reads(fd, "a file\n"));

  /* Giving up rights. */
  OK(__wasi_fd_fdstat_set_rights(fd, __WASI_RIGHTS_FD_TELL, 0));
  FAILS(NOTCAPABLE, __wasi_fd_read(fd, &in, 1, &count));
  FAILS(NOTCAPABLE, __wasi_fd_fdstat_set_rights(fd, __WASI_RIGHTS_FD_TELL | __WASI_RIGHTS_FD_READ, 0));
  FAILS(NOTCAPABLE, __wasi_fd_fdstat_set_rights(fd, 0, __WASI_RIGHTS_FD_READ));
  OK(__wasi_fd_tell(fd, &position));
  OK(__wasi_fd_close(fd));

  /* A directory with no rights at all. */
  fd = with("folder", 0, 0);
  FAILS(NOTCAPABLE, __wasi_fd_readdir(fd, bytes, sizeof bytes, 0, &count));
  FAILS(NOTCAPABLE, __wasi_fd_filestat_get(fd, &stat));
  FAILS(NOTCAPABLE, __wasi_path_create_directory(fd, "x"));
  FAILS(NOTCAPABLE, __wasi_path_filestat_get(fd, 0, "one", &stat));
  FAILS(NOTCAPABLE, __wasi_path_filestat_set_times(fd, 0, "one", 0, 0, 0));
  FAILS(NOTCAPABLE, __wasi_path_link(fd, 0, "one", FIRST, "x"));
  FAILS(NOTCAPABLE, __wasi_path_link(FIRST, 0, "file.txt", fd, "x"));
  FAILS(NOTCAPABLE, __wasi_path_open(fd, 0, "one", 0, 0, 0, 0, &fd));
  FAILS(NOTCAPABLE, __wasi_path_readlink(fd, "one", bytes, sizeof bytes, &count));
  FAILS(NOTCAPABLE, __wasi_path_remove_directory(fd, "x"));
  FAILS(NOTCAPABLE, __wasi_path_rename(fd, "one", FIRST, "x"));
  FAILS(NOTCAPABLE, __wasi_path_rename(FIRST, "file.txt", fd, "x"));
  FAILS(NOTCAPABLE, __wasi_path_symlink("one", fd, "x"));
  FAILS(NOTCAPABLE, __wasi_path_unlink_file(fd, "one"));
  OK(__wasi_fd_close(fd));

  /* What is opened through a directory has no more than that hands on, whatever the directory may do itself. */
  fd = with("folder", __WASI_RIGHTS_PATH_OPEN | __WASI_RIGHTS_PATH_FILESTAT_GET, __WASI_RIGHTS_FD_READ);
  __wasi_fd_t inner;
  FAILS(NOTCAPABLE, __wasi_path_open(fd, 0, "one", 0, __WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_SEEK, 0, 0, &inner));
  FAILS(NOTCAPABLE, __wasi_path_open(fd, 0, "one", 0, __WASI_RIGHTS_FD_WRITE, 0, 0, &inner));
  FAILS(NOTCAPABLE, __wasi_path_open(fd, 0, "one", 0, 0, __WASI_RIGHTS_FD_SEEK, 0, &inner));
  FAILS(NOTCAPABLE, __wasi_path_open(fd, 0, "new", __WASI_OFLAGS_CREAT, 0, 0, 0, &inner));
  FAILS(NOTCAPABLE, __wasi_path_open(fd, 0, "one", __WASI_OFLAGS_TRUNC, 0, 0, 0, &inner));
  OK(__wasi_path_open(fd, 0, "one", 0, __WASI_RIGHTS_FD_READ, 0, 0, &inner));
  CHECK(reads(inner, "one"));
  OK(__wasi_path_filestat_get(fd, 0, "one", &stat));
  CHECK(stat.size == 3);

  /* Rights that mean nothing for what was opened are not there. */
  fd = with("folder", __WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_SEEK | __WASI_RIGHTS_FD_READDIR, 0);
  OK(__wasi_fd_fdstat_get(fd, &status));
  CHECK(status.fs_rights_base == __WASI_RIGHTS_FD_READDIR);
  fd = with("file.txt", __WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_READDIR | __WASI_RIGHTS_PATH_OPEN, 0);
  OK(__wasi_fd_fdstat_get(fd, &status));
  CHECK(status.fs_rights_base == __WASI_RIGHTS_FD_READ);
  FAILS(NOTDIR, __wasi_path_open(fd, 0, "x", 0, 0, 0, 0, &inner));
  return 0;
}
