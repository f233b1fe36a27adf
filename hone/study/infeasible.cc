#include "hone/study/infeasible.h"

namespace hone {

bool failed_by_configuration(FailKind kind) {
  switch (kind) {
    case FailKind::out_of_memory:
    case FailKind::gpu_out_of_memory:
    case FailKind::timeout:
    case FailKind::nan:
    case FailKind::diverged:
    case FailKind::infeasible:
      return true;
    case FailKind::none:
    case FailKind::exit_code:
    case FailKind::signal:
    case FailKind::silence:
    case FailKind::no_metric:
    case FailKind::lost:
      return false;
  }
  return false;
}

}  // namespace hone
