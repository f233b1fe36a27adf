// Packing and sending of the keeper's messages; the bounds that keep a malformed one harmless. libc
// only.
#include "hone/runner/keeper_wire.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hone::keeper {

std::uint64_t Reader::number() {
  std::uint64_t value = 0;
  if (!ok_ || static_cast<std::size_t>(end_ - at_) < sizeof value) {
    ok_ = false;
    return 0;
  }
  memcpy(&value, at_, sizeof value);
  at_ += sizeof value;
  return value;
}

const char* Reader::text() {
  const std::uint64_t size = number();
  if (!ok_ || size >= static_cast<std::uint64_t>(end_ - at_) || at_[size] != '\0' ||
      memchr(at_, '\0', size) != nullptr) {
    ok_ = false;
    return "";
  }
  const char* text = at_;
  at_ += size + 1;
  return text;
}

std::size_t Reader::count(std::size_t limit) {
  const std::uint64_t value = number();
  if (value > limit) ok_ = false;
  return ok_ ? static_cast<std::size_t>(value) : 0;
}

bool is_run_id(std::string_view id) {
  if (id.empty() || id.size() > kMaxRunId) return false;
  for (const char c : id) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && c != '.' && c != '_' && c != ':' && c != '/' && c != '-') return false;
  }
  return true;
}

namespace {

/// Reads all of a memfd that the other side sent; false if it is not a plain file of exactly `size`
/// bytes.
bool read_large(int file, std::size_t size, Array<char>* into) {
  struct stat info {};
  if (size > kPayloadLimit || fstat(file, &info) != 0 || !S_ISREG(info.st_mode) ||
      info.st_size != static_cast<off_t>(size) || !into->reserve(size)) {
    return false;
  }
  into->clear();
  char chunk[4096];
  while (into->size() < size) {
    const std::size_t left = size - into->size();
    const ssize_t n = pread(file, chunk, left < sizeof chunk ? left : sizeof chunk,
                            static_cast<off_t>(into->size()));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0 || !into->append(chunk, static_cast<std::size_t>(n))) return false;
  }
  return true;
}

union ControlSpace {
  cmsghdr header;  // for its alignment
  char bytes[CMSG_SPACE(sizeof(int) * 8)];
};

/// The first file attached to `message`, or -1; closes any others.
int take_file(msghdr* message) {
  int file = -1;
  for (cmsghdr* c = CMSG_FIRSTHDR(message); c != nullptr; c = CMSG_NXTHDR(message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int each = -1;
      memcpy(&each, CMSG_DATA(c) + i * sizeof(int), sizeof each);
      if (file < 0) {
        file = each;
      } else {
        close(each);
      }
    }
  }
  return file;
}

}  // namespace

Receive receive(int socket, Message* into) {
  constexpr std::size_t kRoom = sizeof(Header) + kInlineLimit;
  if (!into->inline_bytes.reserve(kRoom)) return Receive::closed;
  into->large.release();
  iovec part{into->inline_bytes.data(), kRoom};
  ControlSpace control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  message.msg_controllen = sizeof control.bytes;
  ssize_t got = -1;
  do {
    got = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got < 0) {
    return errno == EAGAIN || errno == EWOULDBLOCK ? Receive::nothing_yet : Receive::closed;
  }
  if (got == 0) return Receive::closed;
  const int file = take_file(&message);
  const auto size = static_cast<std::size_t>(got);
  bool fits = size >= sizeof(Header) && (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0;
  if (fits) {
    memcpy(&into->header, into->inline_bytes.data(), sizeof(Header));
    fits = into->header.magic == kMagic;
  }
  if (fits && into->header.in_memfd == 1) {
    fits = file >= 0 && read_large(file, into->header.size, &into->large);
    into->payload = into->large.data();
  } else if (fits) {
    fits = into->header.size == size - sizeof(Header);
    into->payload = into->inline_bytes.data() + sizeof(Header);
  }
  if (file >= 0) close(file);
  return fits ? Receive::message : Receive::malformed;
}

int send_message(int socket, Kind kind, std::uint32_t serial, const Array<char>& payload) {
  if (payload.size() > kPayloadLimit) return EMSGSIZE;
  Header header{kMagic, kind, 0, serial, static_cast<std::uint32_t>(payload.size())};
  // sendmsg takes a non-const pointer but only reads through it.
  iovec parts[2] = {{&header, sizeof header}, {const_cast<char*>(payload.data()), payload.size()}};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = payload.empty() ? 1 : 2;
  ControlSpace control{};
  int file = -1;
  if (payload.size() > kInlineLimit) {
    file = memfd_create("hone-message", MFD_CLOEXEC);
    if (file < 0) return errno;
    for (std::size_t done = 0; done < payload.size();) {
      const ssize_t n = write(file, payload.data() + done, payload.size() - done);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) {
        const int error = n < 0 ? errno : EIO;
        close(file);
        return error;
      }
      done += static_cast<std::size_t>(n);
    }
    header.in_memfd = 1;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes;
    message.msg_controllen = CMSG_SPACE(sizeof(int));
    cmsghdr* c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &file, sizeof file);
  }
  ssize_t sent = -1;
  do {
    sent = sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  const int error = sent < 0 ? errno : 0;
  if (file >= 0) close(file);
  return error;
}

}  // namespace hone::keeper
