/*
 * Preloaded into a program, this notes each time that it sends on a connection to the port of SEGMENTS_PORT, in the file that
 * SEGMENTS_RECORD names, one a line: 1 where the system has TCP_NODELAY for that connection then, 0 where it has not.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void look(int fd)
{
  int kept = errno, on = 0;
  struct sockaddr_in peer;
  socklen_t length = sizeof peer, size = sizeof on;
  const char *port = getenv("SEGMENTS_PORT"), *path = getenv("SEGMENTS_RECORD");
  if (port != NULL && path != NULL && getpeername(fd, (struct sockaddr *)&peer, &length) == 0 && peer.sin_family == AF_INET &&
      ntohs(peer.sin_port) == atoi(port) && getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &size) == 0) {
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0 || NEXT(write)(file, on ? "1\n" : "0\n", 2) != 2) abort();
    close(file);
  }
  errno = kept;
}

ssize_t write(int fd, const void *bytes, size_t count)
{
  look(fd);
  return NEXT(write)(fd, bytes, count);
}

ssize_t writev(int fd, const struct iovec *pieces, int count)
{
  look(fd);
  return NEXT(writev)(fd, pieces, count);
}

ssize_t send(int fd, const void *bytes, size_t count, int flags)
{
  look(fd);
  return NEXT(send)(fd, bytes, count, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
  look(fd);
  return NEXT(sendmsg)(fd, message, flags);
}
