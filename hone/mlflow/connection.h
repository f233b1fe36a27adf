// The connections to the receiver as its HTTP library reads and writes them, with what the library
// has no limits for: the time and the bytes of a request's head. Internal to the receiver.
#pragma once

#include <memory>

namespace httplib {
class Server;
}

namespace hone::mlflow {

/// A server each of whose connections is for one request, the head of which has to come within
/// `head_ms`, in 64 KiB; later reads and writes wait `silence_ms` each.
std::unique_ptr<httplib::Server> make_connection_server(int head_ms, int silence_ms);

}  // namespace hone::mlflow
