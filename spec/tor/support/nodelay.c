/* Preloaded into tor, and into what is measured against it, for benchmarks: every TCP socket gets TCP_NODELAY, which tor never
 * sets and our links take away, so that small cells do not wait for Nagle's algorithm and delayed acknowledgements. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

/* Fails on sockets that are not TCP, which does no harm; tor does not look at errno after a call that succeeded. */
static int without_delay(int fd)
{
  int on = 1;
  if (fd >= 0)
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

int connect(int fd, const struct sockaddr *address, socklen_t length)
{
  int (*next)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "connect");
  return next(without_delay(fd), address, length);
}

int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags)
{
  int (*next)(int, struct sockaddr *, socklen_t *, int) = dlsym(RTLD_NEXT, "accept4");
  return without_delay(next(fd, address, length, flags));
}

int accept(int fd, struct sockaddr *address, socklen_t *length)
{
  int (*next)(int, struct sockaddr *, socklen_t *) = dlsym(RTLD_NEXT, "accept");
  return without_delay(next(fd, address, length));
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
  static const int on = 1;
  int (*next)(int, int, int, const void *, socklen_t) = dlsym(RTLD_NEXT, "setsockopt");
  if (level == IPPROTO_TCP && name == TCP_NODELAY)
    return next(fd, level, name, &on, sizeof on);
  return next(fd, level, name, value, length);
}
