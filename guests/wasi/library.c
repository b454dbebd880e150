/* The C library on top of all that: streams, directories, times, errors by their names. */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char *argv[]) {
  assert(argc == 2 && strcmp(argv[1], "an argument") == 0 && strcmp(getenv("HOME"), "/") == 0);

  char line[64];
  FILE *file = fopen("/file.txt", "r+");
  assert(file && fgets(line, sizeof line, file) && strcmp(line, "a file\n") == 0);
  assert(fseek(file, 0, SEEK_END) == 0 && fprintf(file, "%d more\n", 1) == 7 && fclose(file) == 0);

  struct stat info;
  assert(stat("/file.txt", &info) == 0 && S_ISREG(info.st_mode) && info.st_size == 14);
  assert(truncate("/file.txt", 3) == 0 && stat("/file.txt", &info) == 0 && info.st_size == 3);
  assert(chdir("/folder") == 0 && access("one", R_OK) == 0 && access("three", F_OK) == -1 && errno == ENOENT);

  assert(mkdir("/new", 0700) == 0 && mkdir("/new", 0700) == -1 && errno == EEXIST);
  assert(symlink("../file.txt", "/new/link") == 0 && link("/file.txt", "/new/same") == 0);
  assert(lstat("/new/link", &info) == 0 && S_ISLNK(info.st_mode));
  assert(stat("/new/link", &info) == 0 && S_ISREG(info.st_mode) && info.st_nlink == 2);
  assert(readlink("/new/link", line, sizeof line) == 11 && strncmp(line, "../file.txt", 11) == 0);
  assert(open("/new/link", O_RDONLY | O_NOFOLLOW) == -1 && errno == ELOOP);
  assert(rename("/new/same", "/new/other") == 0 && unlink("/new/link") == 0);
  assert(rmdir("/new") == -1 && errno == ENOTEMPTY);

  DIR *directory = opendir("/folder");
  assert(directory);
  int entries = 0;
  for (struct dirent *entry; (entry = readdir(directory)); entries++) assert(entry->d_ino != 0);
  assert(entries == 4 && closedir(directory) == 0);

  int fd = open("/log", O_WRONLY | O_CREAT | O_APPEND, 0600);
  assert(write(fd, "ab", 2) == 2 && lseek(fd, 0, SEEK_SET) == 0 && write(fd, "cd", 2) == 2);
  assert(read(fd, line, 1) == -1 && errno == EBADF && close(fd) == 0 && close(fd) == -1 && errno == EBADF);
  assert(stat("/log", &info) == 0 && info.st_size == 4);
  assert(lseek(1, 0, SEEK_CUR) == -1 && errno == ESPIPE);

  /* The library knows what it was given, and asks for nothing else. */
  assert(fopen("/../etc/passwd", "r") == NULL && errno != 0);
  assert(time(NULL) > 1500000000 && usleep(1000) == 0);
  printf("all of it: %s\n", "\303\274");
  return 0;
}
