/*
 * Preloaded into a program, this notes every name that it looks up and every address that it sends to, one a line, in the file
 * that OUTGOING_RECORD names. To look up an address is no lookup; connections to AF_UNIX have a path. Every name but localhost
 * does not exist then: nobody is asked for it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void note(const char *what, const char *detail) {
  int kept = errno;
  const char *path = getenv("OUTGOING_RECORD");
  int file = path == NULL ? -1 : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file >= 0) {
    char line[512];
    int length = snprintf(line, sizeof line, "%s %s\n", what, detail);
    if (length > (int)sizeof line - 1) length = sizeof line - 1;
    if (write(file, line, length) < 0) abort();
    close(file);
  }
  errno = kept;
}

static void note_address(const struct sockaddr *address, socklen_t length) {
  char host[INET6_ADDRSTRLEN], text[INET6_ADDRSTRLEN + 16];
  if (address == NULL || length < sizeof(sa_family_t)) return;
  if (address->sa_family == AF_INET && length >= sizeof(struct sockaddr_in)) {
    const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)address;
    inet_ntop(AF_INET, &ipv4->sin_addr, host, sizeof host);
    snprintf(text, sizeof text, "%s:%d", host, ntohs(ipv4->sin_port));
    note("address", text);
  } else if (address->sa_family == AF_INET6 && length >= sizeof(struct sockaddr_in6)) {
    const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)address;
    inet_ntop(AF_INET6, &ipv6->sin6_addr, host, sizeof host);
    snprintf(text, sizeof text, "[%s]:%d", host, ntohs(ipv6->sin6_port));
    note("address", text);
  } else if (address->sa_family == AF_UNIX && length > sizeof(sa_family_t)) {
    note("path", ((const struct sockaddr_un *)address)->sun_path);
  }
}

/* Whether it is a name, and is to be found nowhere. */
static int is_refused(const char *name) {
  struct in6_addr ignored;
  if (name == NULL || inet_pton(AF_INET, name, &ignored) == 1 || inet_pton(AF_INET6, name, &ignored) == 1) return 0;
  note("name", name);
  return strcmp(name, "localhost") != 0;
}

int connect(int socket, const struct sockaddr *address, socklen_t length) {
  note_address(address, length);
  return NEXT(connect)(socket, address, length);
}

ssize_t sendto(int socket, const void *bytes, size_t count, int flags, const struct sockaddr *address, socklen_t length) {
  note_address(address, length);
  return NEXT(sendto)(socket, bytes, count, flags, address, length);
}

ssize_t sendmsg(int socket, const struct msghdr *message, int flags) {
  note_address(message->msg_name, message->msg_namelen);
  return NEXT(sendmsg)(socket, message, flags);
}

int sendmmsg(int socket, struct mmsghdr *messages, unsigned int count, int flags) {
  for (unsigned int at = 0; at < count; at++) note_address(messages[at].msg_hdr.msg_name, messages[at].msg_hdr.msg_namelen);
  return NEXT(sendmmsg)(socket, messages, count, flags);
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
  /* With AI_NUMERICHOST, what is no address is nothing. */
  int asks = hints == NULL || (hints->ai_flags & AI_NUMERICHOST) == 0;
  return asks && is_refused(name) ? EAI_NONAME : NEXT(getaddrinfo)(name, service, hints, found);
}

struct hostent *gethostbyname(const char *name) {
  h_errno = HOST_NOT_FOUND;
  return is_refused(name) ? NULL : NEXT(gethostbyname)(name);
}

struct hostent *gethostbyname2(const char *name, int family) {
  h_errno = HOST_NOT_FOUND;
  return is_refused(name) ? NULL : NEXT(gethostbyname2)(name, family);
}

int gethostbyname_r(const char *name, struct hostent *entry, char *buffer, size_t size, struct hostent **found, int *error) {
  *found = NULL;
  *error = HOST_NOT_FOUND;
  return is_refused(name) ? 0 : NEXT(gethostbyname_r)(name, entry, buffer, size, found, error);
}

int gethostbyname2_r(const char *name, int family, struct hostent *entry, char *buffer, size_t size, struct hostent **found, int *error) {
  *found = NULL;
  *error = HOST_NOT_FOUND;
  return is_refused(name) ? 0 : NEXT(gethostbyname2_r)(name, family, entry, buffer, size, found, error);
}

/* What else is asked of the resolver, such as services (SRV) and texts. Its header has these names as macros of the others. */
#define REFUSED_QUERY(query) \
  int query(const char *name, int class, int type, unsigned char *answer, int size) { \
    note("name", name); \
    h_errno = HOST_NOT_FOUND; \
    return -1; \
  }
#define REFUSED_STATED_QUERY(query) \
  int query(void *state, const char *name, int class, int type, unsigned char *answer, int size) { \
    note("name", name); \
    h_errno = HOST_NOT_FOUND; \
    return -1; \
  }

REFUSED_QUERY(res_query)
REFUSED_QUERY(res_search)
REFUSED_QUERY(__res_query)
REFUSED_QUERY(__res_search)
REFUSED_STATED_QUERY(res_nquery)
REFUSED_STATED_QUERY(res_nsearch)
REFUSED_STATED_QUERY(__res_nquery)
REFUSED_STATED_QUERY(__res_nsearch)
