// The ids of the store's rows. Trials are named by their number within the study.
#pragma once

#include "hone/base/id.h"

namespace hone {

using StudyId = Id<struct StudyTag>;
using RunId = Id<struct RunTag>;
using WorkerId = Id<struct WorkerTag>;
using RequestId = Id<struct RequestTag>;

}  // namespace hone
