/* Waiting for clocks and descriptors. */
#include "check.h"

static __wasi_subscription_t in[70];
static __wasi_event_t out[70];

static void clock_at(int index, __wasi_userdata_t userdata, __wasi_clockid_t id, __wasi_timestamp_t timeout, __wasi_subclockflags_t flags) {
  in[index] = (__wasi_subscription_t){.userdata = userdata, .u.tag = __WASI_EVENTTYPE_CLOCK};
  in[index].u.u.clock = (__wasi_subscription_clock_t){.id = id, .timeout = timeout, .flags = flags};
}

static void descriptor_at(int index, __wasi_userdata_t userdata, __wasi_eventtype_t type, __wasi_fd_t fd) {
  in[index] = (__wasi_subscription_t){.userdata = userdata, .u.tag = type};
  in[index].u.u.fd_read.file_descriptor = fd;
}

int main(void) {
  __wasi_size_t count;
  __wasi_timestamp_t before, after;

  /* The earlier of two clocks, after its time. */
  OK(__wasi_clock_time_get(__WASI_CLOCKID_MONOTONIC, 0, &before));
  clock_at(0, 70, __WASI_CLOCKID_MONOTONIC, 10000000000, 0);
  clock_at(1, 71, __WASI_CLOCKID_REALTIME, 20000000, 0);
  OK(__wasi_poll_oneoff(in, out, 2, &count));
  OK(__wasi_clock_time_get(__WASI_CLOCKID_MONOTONIC, 0, &after));
  CHECK(count == 1 && out[0].userdata == 71 && out[0].error == 0 && out[0].type == __WASI_EVENTTYPE_CLOCK);
  CHECK(after - before >= 19000000 && after - before < 5000000000);

  /* A time that has passed is not waited for, and one to come is. */
  clock_at(0, 72, __WASI_CLOCKID_MONOTONIC, before, __WASI_SUBCLOCKFLAGS_SUBSCRIPTION_CLOCK_ABSTIME);
  OK(__wasi_poll_oneoff(in, out, 1, &count));
  CHECK(count == 1 && out[0].userdata == 72 && out[0].error == 0);
  clock_at(0, 73, __WASI_CLOCKID_MONOTONIC, after + 20000000, __WASI_SUBCLOCKFLAGS_SUBSCRIPTION_CLOCK_ABSTIME);
  OK(__wasi_poll_oneoff(in, out, 1, &count));
  OK(__wasi_clock_time_get(__WASI_CLOCKID_MONOTONIC, 0, &before));
  CHECK(count == 1 && before >= after + 19000000);

  /* A clock that there isn't, flags that there aren't. */
  clock_at(0, 74, 9, 0, 0);
  clock_at(1, 75, __WASI_CLOCKID_MONOTONIC, 0, 2);
  OK(__wasi_poll_oneoff(in, out, 2, &count));
  CHECK(count == 2 && out[0].error == __WASI_ERRNO_INVAL && out[1].error == __WASI_ERRNO_INVAL);

  /* Descriptors are ready at once, a file with what is left of it, and those that are wrong are told so. */
  __wasi_fd_t file, closed;
  OK(make_file(FIRST, "file", "123456"));
  OK(open_in(FIRST, "file", 0, &file));
  OK(open_in(FIRST, "file", 0, &closed));
  OK(__wasi_fd_close(closed));
  __wasi_filesize_t position;
  OK(__wasi_fd_seek(file, 2, __WASI_WHENCE_SET, &position));
  descriptor_at(0, 80, __WASI_EVENTTYPE_FD_READ, file);
  descriptor_at(1, 81, __WASI_EVENTTYPE_FD_WRITE, file);
  descriptor_at(2, 82, __WASI_EVENTTYPE_FD_READ, closed);
  descriptor_at(3, 83, __WASI_EVENTTYPE_FD_WRITE, 0);
  descriptor_at(4, 84, __WASI_EVENTTYPE_FD_WRITE, 1);
  descriptor_at(5, 85, __WASI_EVENTTYPE_FD_READ, FIRST);
  clock_at(6, 86, __WASI_CLOCKID_MONOTONIC, 10000000000, 0);
  OK(__wasi_poll_oneoff(in, out, 7, &count));
  CHECK(count == 6);
  for (int i = 0; i < 6; i++) CHECK(out[i].userdata == 80u + i && out[i].type == in[i].u.tag);
  CHECK(out[0].error == 0 && out[0].fd_readwrite.nbytes == 4 && out[1].error == 0);
  CHECK(out[2].error == __WASI_ERRNO_BADF && out[3].error == __WASI_ERRNO_NOTCAPABLE);
  CHECK(out[4].error == 0 && out[5].error == __WASI_ERRNO_NOTCAPABLE);

  FAILS(INVAL, __wasi_poll_oneoff(in, out, 0, &count));
  FAILS(INVAL, __wasi_poll_oneoff(in, out, 65, &count));
  in[0].u.tag = 3;
  FAILS(INVAL, __wasi_poll_oneoff(in, out, 1, &count));
  return 0;
}
