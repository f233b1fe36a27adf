// A study without a file: `hone run --minimize val_loss -- python train.py --lr '~log(1e-5,1e-1)'
// --rank '~[4,8,16]'`. An argument that begins with '~' is a law; its parameter is named by the
// flag before it (`--lr`), or in front of it (`--lr=~…`, `lr=~…`).
#pragma once

#include <string>
#include <vector>

#include "hone/study/diagnostic.h"
#include "hone/study/study_spec.h"

namespace hone {

struct CommandLineStudy {
  std::vector<Parameter> parameters;    ///< in the order of the arguments
  std::vector<std::string> argv;        ///< with `${name}` in place of each law
  std::vector<Diagnostic> diagnostics;  ///< about `text`
  std::string text;                     ///< the arguments as one line, for the excerpts
};

/// The laws in a command's arguments: ~log(a,b) ~uniform(a,b) ~(a,b) ~int(a,b) ~intlog(a,b)
/// ~logit(a,b) ~normal(m,s) ~[x,y,…]; a third number of uniform and int is the step. `$` in other
/// arguments is kept as it is. A literal argument that begins with '~' is written with a second one
/// (`~~x`), and paths (`~/x`, `~`, `~user/x`) are no laws.
CommandLineStudy read_command_line(const std::vector<std::string>& arguments);

/// Puts what was read into a spec: space, command and the note of problems of the space as
/// diagnostics. `folder` is where the program runs. False when there are errors.
bool fill_from_command_line(CommandLineStudy& study, const std::string& folder, StudySpec& spec);

/// For `hone help`: the forms with examples.
std::string command_line_laws_help();

}  // namespace hone
