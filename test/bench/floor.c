/*
 * What a C program can do that answers MATCH alone, or ALL alone: floors for the benchmark, where a compiler is there.
 *
 *   floor match DOMAIN FILE   lines of FILE: map, key and value, with tabs between; many datagrams by one system call
 *   floor all FILE            FILE: the reply to ALL with its record marks; the caller's xid is put in
 *
 * Says its port on stdout and runs until it is killed.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  BATCH = 64,
  DATAGRAM = 1024,
  RECEIVE_BUFFER = 4 << 20,
  /* words of a call before its credential's length, and of a reply before its results */
  CALL_HEAD = 7,
  REPLY_HEAD = 6,
  YP_PROGRAM = 100004,
  YP_VERSION = 2,
  YP_MATCH = 3,
};

/* Slots of a hash table; the records lie one behind the other, as few cache lines apart as can be. */
struct slot {
  uint32_t hash;
  /* words before the record; 0 of an empty slot */
  uint32_t at;
};

/* Behind it the name of the map and the key, then the results as they are sent: status, length, value. */
struct record {
  uint16_t map_length, key_length;
  uint32_t words;
};

static struct slot *slots;
static uint32_t mask;
static uint32_t *records;

static void die(const char *what) {
  perror(what);
  exit(1);
}

static char *whole(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  if (file == NULL || fseek(file, 0, SEEK_END) != 0) die(path);
  *length = ftell(file);
  rewind(file);
  char *bytes = malloc(*length + 1);
  if (bytes == NULL || fread(bytes, 1, *length, file) != *length) die(path);
  bytes[*length] = 0;
  fclose(file);
  return bytes;
}

/* FNV-1a */
static uint32_t hash(const char *map, uint32_t map_length, const char *key, uint32_t key_length) {
  uint32_t h = 2166136261u;
  for (uint32_t i = 0; i < map_length; i++) h = (h ^ (uint8_t)map[i]) * 16777619u;
  for (uint32_t i = 0; i < key_length; i++) h = (h ^ (uint8_t)key[i]) * 16777619u;
  return h ^ h >> 15;
}

static uint32_t name_words(uint32_t map_length, uint32_t key_length) { return (map_length + key_length + 3) / 4; }

static uint32_t *results_of(struct record *record) {
  return (uint32_t *)(record + 1) + name_words(record->map_length, record->key_length);
}

static struct slot *place(const char *map, uint32_t map_length, const char *key, uint32_t key_length) {
  uint32_t h = hash(map, map_length, key, key_length);
  for (uint32_t i = h;; i++) {
    struct slot *slot = &slots[i & mask];
    if (slot->at == 0) {
      slot->hash = h;
      return slot;
    }
    if (slot->hash != h) continue;
    struct record *record = (struct record *)(records + slot->at);
    const char *name = (const char *)(record + 1);
    if (record->map_length == map_length && record->key_length == key_length &&
        memcmp(name, map, map_length) == 0 && memcmp(name + map_length, key, key_length) == 0)
      return slot;
  }
}

static void load(const char *path) {
  size_t length, lines = 0;
  char *text = whole(path, &length);
  for (size_t i = 0; i < length; i++) lines += text[i] == '\n';
  uint32_t size = 1024, at = 2;
  while (size < lines * 2) size *= 2;
  mask = size - 1;
  slots = calloc(size, sizeof *slots);
  records = calloc(length + lines * 32, 1);
  if (slots == NULL || records == NULL) die("records");
  for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
    char *key = strchr(line, '\t') + 1, *value = strchr(key, '\t') + 1;
    uint32_t map_length = key - line - 1, key_length = value - key - 1, value_length = end - value;
    struct record *record = (struct record *)(records + at);
    *record = (struct record){map_length, key_length, 2 + (value_length + 3) / 4};
    if (record->words > DATAGRAM / 4 - REPLY_HEAD) die("value");
    char *name = (char *)(record + 1);
    memcpy(name, line, map_length);
    memcpy(name + map_length, key, key_length);
    uint32_t *results = results_of(record);
    results[0] = htonl(1);
    results[1] = htonl(value_length);
    memcpy(results + 2, value, value_length);
    place(line, map_length, key, key_length)->at = at;
    at += sizeof *record / 4 + name_words(map_length, key_length) + record->words;
  }
  free(text);
}

/* The XDR string at *at, and *at behind it; NULL when it does not lie within the datagram. */
static const char *string(const uint32_t *words, uint32_t count, uint32_t *at, uint32_t *length) {
  if (*at >= count) return NULL;
  *length = ntohl(words[*at]);
  uint32_t taken = *length / 4 + (*length % 4 != 0);
  if (taken > count - *at - 1) return NULL;
  const char *text = (const char *)(words + *at + 1);
  *at += 1 + taken;
  return text;
}

static struct record *find(const uint32_t *call, uint32_t count, const char *domain) {
  if (count < CALL_HEAD || call[1] != 0 || ntohl(call[2]) != 2 || ntohl(call[3]) != YP_PROGRAM ||
      ntohl(call[4]) != YP_VERSION || ntohl(call[5]) != YP_MATCH)
    return NULL;
  uint32_t at = CALL_HEAD, length, map_length, key_length;
  if (string(call, count, &at, &length) == NULL) return NULL;
  at += 1;
  if (string(call, count, &at, &length) == NULL) return NULL;
  const char *name = string(call, count, &at, &length);
  if (name == NULL || length != strlen(domain) || memcmp(name, domain, length) != 0) return NULL;
  const char *map = string(call, count, &at, &map_length);
  if (map == NULL) return NULL;
  const char *key = string(call, count, &at, &key_length);
  if (key == NULL) return NULL;
  uint32_t found = place(map, map_length, key, key_length)->at;
  return found == 0 ? NULL : (struct record *)(records + found);
}

static int bound(int type) {
  int fd = socket(AF_INET, type, 0), size = RECEIVE_BUFFER;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t length = sizeof address;
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) != 0) die("bind");
  if (type == SOCK_DGRAM) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  if (type == SOCK_STREAM && listen(fd, 64) != 0) die("listen");
  getsockname(fd, (struct sockaddr *)&address, &length);
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  return fd;
}

static void answer_matches(const char *domain) {
  static uint32_t calls[BATCH][DATAGRAM / 4], heads[BATCH][REPLY_HEAD];
  static struct sockaddr_in names[BATCH];
  static struct iovec in[BATCH], out[BATCH][2];
  static struct mmsghdr received[BATCH], replies[BATCH];
  int fd = bound(SOCK_DGRAM);
  for (int i = 0; i < BATCH; i++) {
    in[i] = (struct iovec){calls[i], DATAGRAM};
    /* xid, REPLY, MSG_ACCEPTED, a verifier of two words, SUCCESS */
    heads[i][1] = htonl(1);
    out[i][0] = (struct iovec){heads[i], sizeof heads[i]};
    received[i].msg_hdr = (struct msghdr){.msg_name = &names[i], .msg_iov = &in[i], .msg_iovlen = 1};
  }
  for (;;) {
    for (int i = 0; i < BATCH; i++) received[i].msg_hdr.msg_namelen = sizeof names[i];
    int count = recvmmsg(fd, received, BATCH, MSG_WAITFORONE, NULL), ready = 0;
    for (int i = 0; i < count; i++) {
      struct record *record = find(calls[i], received[i].msg_len / 4, domain);
      if (record == NULL) continue;
      heads[ready][0] = calls[i][0];
      out[ready][1] = (struct iovec){results_of(record), record->words * 4};
      replies[ready].msg_hdr = (struct msghdr){
          .msg_name = &names[i], .msg_namelen = sizeof names[i], .msg_iov = out[ready], .msg_iovlen = 2};
      ready++;
    }
    if (ready > 0) sendmmsg(fd, replies, ready, 0);
  }
}

static void answer_all(const char *path) {
  size_t length;
  char *stream = whole(path, &length), call[DATAGRAM];
  int fd = bound(SOCK_STREAM);
  for (;;) {
    int client = accept(fd, NULL, NULL);
    if (client < 0) continue;
    while (read(client, call, sizeof call) >= 8) {
      memcpy(stream + 4, call + 4, 4);
      for (size_t sent = 0; sent < length;) {
        ssize_t more = send(client, stream + sent, length - sent, MSG_NOSIGNAL);
        if (more <= 0) break;
        sent += more;
      }
    }
    close(client);
  }
}

int main(int count, char **words) {
  if (count == 4 && strcmp(words[1], "match") == 0) {
    load(words[3]);
    answer_matches(words[2]);
  }
  if (count == 3 && strcmp(words[1], "all") == 0) answer_all(words[2]);
  return 64;
}
