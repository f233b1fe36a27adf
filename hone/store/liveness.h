// Who this process is, and whether another one on this machine lives.
#pragma once

#include <string>

#include "hone/store/store.h"

namespace hone {

/// Looks into /proc: pid and start time name a process once and for all within a boot. Holders of
/// another host, boot or pid namespace (container) are unknown. Thread-safe.
class ProcLiveness final : public LivenessProbe {
 public:
  ProcLiveness();
  Liveness probe(const Holder& holder) const override;

 private:
  std::string host_;
  std::string boot_id_;
};

/// This process as a holder of leases. The boot id names the pid namespace too where it is not the
/// machine's first: the same pid is another process there.
Holder this_process_holder();

}  // namespace hone
