// Replay: a fresh fold of the record must equal the leader's live one, and decide the same next.
#pragma once

#include <memory>
#include <string>

#include "hone/store/store.h"
#include "hone/tuner/tuner.h"

namespace hone::sim {

/// What differs between the tuner's live state and a fresh fold, in words; empty: nothing.
std::string compare_with_replay(Store& store, StudyId study, std::shared_ptr<const StudySpec> spec,
                                Tuner& tuner);

/// One line about a change, for the record of a failing seed.
std::string describe(const Change& change);

}  // namespace hone::sim
