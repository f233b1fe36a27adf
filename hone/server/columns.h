// All trials of a study as binary columns: the format that openapi.yaml describes at
// /studies/{study}/columns.
#pragma once

#include <cstdint>
#include <string>

#include "hone/server/study_model.h"

namespace hone::server {

/// The trials that changed after commit `since`; 0: all. O(rows × parameters).
std::string encode_columns(const StudyModel::View& view, std::int64_t since);

}  // namespace hone::server
