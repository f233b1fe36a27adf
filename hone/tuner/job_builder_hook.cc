// The hook for wandb, as embedded at build time from hone/runner/wandb.
#include "hone/tuner/job_builder_files.h"

namespace hone {

const std::vector<EmbeddedFile>& wandb_hook_files() {
  static const std::vector<EmbeddedFile> files = {
#include "wandb_hook_files.inc"
  };
  return files;
}

}  // namespace hone
