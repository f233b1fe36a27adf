// A study of a store as a whole: its making, its spec, its history.
#pragma once

#include <memory>
#include <string>

#include "hone/store/store.h"
#include "hone/study/history.h"

namespace hone {

/// `source`: the text that the spec was read from; `owner`: who makes it. Throws Error(exists).
StudyInfo create_study(Store& store, const StudySpec& spec, const std::string& source,
                       const std::string& owner);
/// The newest spec of a study. Throws Error(store_corrupt).
std::shared_ptr<const StudySpec> stored_spec(Store& store, StudyId study);
/// The fold of everything there is.
History load_history(Store& store, StudyId study);

}  // namespace hone
