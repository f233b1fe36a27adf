#include "hone/cli/tuning_priors.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <functional>
#include <set>

#include "hone/base/text.h"
#include "hone/base/value.h"
#include "hone/cli/tuning_laws.h"

namespace hone::cli {
namespace {

using Kind = ProgramOption::Kind;

/// Lower-case words of a name; "model.hiddenDim" → model, hidden, dim.
std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words(1);
  char before = 0;
  for (const char c : name) {
    const auto u = static_cast<unsigned char>(c);
    if (std::isalnum(u) == 0) {
      words.emplace_back();
    } else {
      if (std::isupper(u) != 0 && std::islower(static_cast<unsigned char>(before)) != 0)
        words.emplace_back();
      words.back() += static_cast<char>(std::tolower(u));
    }
    before = c;
  }
  std::erase_if(words, [](const std::string& word) { return word.empty(); });
  return words;
}

/// Every spelling of the option, its last part only, in small letters without separators.
std::vector<std::string> plain_names(const ProgramOption& option) {
  std::vector<std::string> names;
  const auto add = [&](const std::string& name) {
    const std::size_t dot = name.rfind('.');
    names.push_back(join(words_of(dot == std::string::npos ? name : name.substr(dot + 1)), ""));
  };
  add(option.name);
  for (const std::string& alias : option.aliases) add(alias);
  return names;
}

using Rule = Advice (*)(const ProgramOption&, const ProgramTraits&);

struct Known {
  const char* names;  ///< separated by blanks
  Rule rule;
};

Advice learning_rate(const ProgramOption& o, const ProgramTraits& t) {
  Advice a{Fate::tuned, 100, "", ""};
  const double d = default_number(o).value_or(0);
  if (t.adapters) {
    // 548 published LoRA runs: best rates 1e-4 to 1e-3, diverging from 3e-3 on; the full model's
    // lie about ten times lower.
    a.law = log_law(o, std::min(2e-5, d > 0 ? d : 1.0), std::max(2e-3, d));
    a.note = "reaches from full fine-tuning to the higher rates that adapters want";
  } else if (d > 0) {
    a.law = log_law(o, d / 10, d * 10);
    a.note = "two decades around the default, on a logarithmic scale";
  } else {
    a.law = log_law(o, 1e-5, 1e-1);
    a.note = "the help names no default: narrow this range if you know one";
  }
  return a;
}

Advice batch_size(const ProgramOption& o, const ProgramTraits&) {
  Advice a{Fate::tuned, 90, "", "powers of two; larger ones may not fit into memory"};
  const double d = default_number(o).value_or(32);
  a.law = power_values(o, d, 4);
  return a;
}

Advice weight_decay(const ProgramOption& o, const ProgramTraits& t) {
  Advice a{Fate::tuned, 70, "", ""};
  const double d = default_number(o).value_or(0);
  if (d > 0) {
    a.law = log_law(o, d / 100, d * 10);
  } else if (t.adapters) {
    a.law = values_law(o, {"0.0", "0.01", "0.1"});
  } else {
    a.law = values_law(o, {"0.0", "1e-5", "1e-4", "1e-3", "1e-2", "1e-1"});
    a.note = "0 switches it off, which a logarithmic range could not";
  }
  return a;
}

Advice regularisation(const ProgramOption& o, const ProgramTraits&) {
  const double d = default_number(o).value_or(0);
  Advice a{Fate::tuned, 60, "", ""};
  a.law =
      d > 0 ? log_law(o, d / 1000, d * 10) : values_law(o, {"0.0", "1e-3", "1e-2", "0.1", "1.0"});
  return a;
}

Advice dropout(const ProgramOption& o, const ProgramTraits& t) {
  Advice a{Fate::tuned, 65, "", ""};
  const double d = default_number(o).value_or(0);
  a.law = linear_law(o, 0, std::max(t.adapters ? 0.1 : 0.5, d));
  return a;
}

Advice warmup_ratio(const ProgramOption& o, const ProgramTraits&) {
  return {Fate::tuned, 50, linear_law(o, 0, std::max(0.1, default_number(o).value_or(0) * 2)),
          "share of all steps"};
}

Advice warmup_steps(const ProgramOption& o, const ProgramTraits&) {
  const double d = default_number(o).value_or(0);
  if (d > 0) return {Fate::tuned, 50, integer_law(o, 0, d * 4, false), ""};
  if (o.help.find("ratio") != std::string::npos) {
    return {Fate::tuned, 50, values_law(o, {"0", "0.03", "0.1"}),
            "below 1 it is a share of all steps"};
  }
  return {Fate::second_round, 50, values_law(o, {"0", "100", "500"}), "depends on the length"};
}

Advice momentum(const ProgramOption& o, const ProgramTraits& t) {
  Advice a{Fate::tuned, 55, linear_law(o, 0.5, 0.99), ""};
  const bool of_sgd =
      o.help.find("SGD") != std::string::npos || o.help.find("sgd") != std::string::npos;
  if (of_sgd && t.optimizer_has_sgd) {
    a.law.insert(a.law.size() - 1, fmt::format(", when: {{{}: sgd}}", t.optimizer_name));
    a.note = "only with SGD";
  }
  return a;
}

Advice beta1(const ProgramOption& o, const ProgramTraits&) {
  return {Fate::second_round, 20, linear_law(o, 0.8, 0.95), ""};
}
Advice beta2(const ProgramOption& o, const ProgramTraits&) {
  return {Fate::second_round, 20, values_law(o, {"0.9", "0.95", "0.98", "0.99", "0.999"}), ""};
}
Advice epsilon_of_optimizer(const ProgramOption& o, const ProgramTraits&) {
  return {Fate::second_round, 10, log_law(o, 1e-10, 1e-4), ""};
}
Advice gradient_clip(const ProgramOption& o, const ProgramTraits&) {
  const double d = default_number(o).value_or(0);
  if (d > 0) return {Fate::second_round, 30, log_law(o, d / 10, d * 10), ""};
  return {Fate::second_round, 30, log_law(o, 0.1, 10), ""};
}
Advice label_smoothing(const ProgramOption& o, const ProgramTraits&) {
  return {Fate::second_round, 30, linear_law(o, 0, 0.2), ""};
}

Advice optimizer(const ProgramOption& o, const ProgramTraits&) {
  constexpr std::size_t kMost = 6;
  Advice a{Fate::tuned, 80, "", ""};
  if (o.choices.empty()) {
    a.fate = Fate::left_alone;
  } else if (o.choices.size() > kMost) {
    a.fate = Fate::second_round;
    a.law = values_law(o, some_choices(o, {"adamw", "adamw_torch", "adam", "sgd", "lion",
                                           "adafactor", "rmsprop"}));
    a.note = fmt::format("some of its {} choices", o.choices.size());
  } else {
    a.law = choice_law(o);
  }
  return a;
}

Advice schedule(const ProgramOption& o, const ProgramTraits&) {
  if (o.choices.empty()) return {Fate::left_alone, 0, "", ""};
  constexpr std::size_t kMost = 4;
  if (o.choices.size() <= kMost) return {Fate::second_round, 35, choice_law(o), ""};
  return {Fate::second_round, 35,
          values_law(o, some_choices(o, {"linear", "cosine", "constant_with_warmup", "constant"})),
          ""};
}

Advice choice(const ProgramOption& o, const ProgramTraits&) {
  if (o.choices.empty()) return {Fate::left_alone, 0, "", ""};
  return {Fate::second_round, 30, choice_law(o), ""};
}

Advice width(const ProgramOption& o, const ProgramTraits&) {
  const double d = default_number(o).value_or(0);
  if (d < 1) return {Fate::second_round, 60, values_law(o, {"64", "128", "256", "512"}), ""};
  return {Fate::tuned, 60, power_values(o, d, 4), ""};
}

Advice layers(const ProgramOption& o, const ProgramTraits&) {
  const double d = default_number(o).value_or(3);
  return {Fate::tuned, 58,
          integer_law(o, std::max(1.0, std::floor(d / 2)), std::max(d * 2, 4.0), false), ""};
}

Advice heads(const ProgramOption& o, const ProgramTraits&) {
  return {Fate::second_round, 25, power_values(o, default_number(o).value_or(8), 2),
          "must divide the width of the model"};
}

Advice rank(const ProgramOption& o, const ProgramTraits&) {
  return {Fate::tuned, 75, power_values(o, default_number(o).value_or(16), 4), ""};
}

Advice alpha_of_adapters(const ProgramOption& o, const ProgramTraits& t) {
  const double d = default_number(o).value_or(0);
  if (t.rank_name.empty()) return {Fate::second_round, 40, power_values(o, d > 0 ? d : 32, 2), ""};
  double ratio = t.rank_default > 0 && d > 0 ? d / t.rank_default : 2;
  if (ratio != 0.5 && ratio != 1 && ratio != 2 && ratio != 4) ratio = 2;
  const bool quoted = t.rank_name.find_first_of(".-") != std::string::npos;
  const std::string name = quoted ? "`" + t.rank_name + "`" : t.rank_name;
  const std::string product =
      ratio == 0.5 ? name + " // 2" : fmt::format("{} * {}", number_text(ratio), name);
  return {Fate::tuned, 74, fmt::format("{{expression: \"{}\"}}", product),
          "tied to the rank: rank, alpha and rate as three free scales would be redundant"};
}

Advice tree_depth(const ProgramOption& o, const ProgramTraits&) {
  const double d = default_number(o).value_or(6);
  return {Fate::tuned, 80, integer_law(o, 2, std::max(12.0, d * 1.5), false), ""};
}
Advice leaves(const ProgramOption& o, const ProgramTraits&) {
  return {Fate::tuned, 78,
          integer_law(o, 8, std::max(256.0, default_number(o).value_or(31) * 4), true), ""};
}
Advice share_of_data(const ProgramOption& o, const ProgramTraits&) {
  const double d = default_number(o).value_or(1);
  if (d < 0.3) return {Fate::second_round, 40, log_law(o, d / 10, d * 10), ""};
  return {Fate::tuned, 45, linear_law(o, 0.5, 1), ""};
}
Advice child_weight(const ProgramOption& o, const ProgramTraits&) {
  const double d = std::max(1.0, default_number(o).value_or(1));
  return {Fate::tuned, 50,
          o.kind == Kind::integer ? integer_law(o, 1, d * 20, true) : log_law(o, 0.1, d * 20), ""};
}

Advice discount(const ProgramOption& o, const ProgramTraits&) {
  return {Fate::tuned, 60, linear_law(o, 0.9, 0.999), ""};
}
Advice gae_lambda(const ProgramOption& o, const ProgramTraits&) {
  return {Fate::second_round, 40, linear_law(o, 0.8, 1), ""};
}
Advice clip_range(const ProgramOption& o, const ProgramTraits&) {
  return {Fate::second_round, 45, linear_law(o, 0.1, 0.4), ""};
}
Advice entropy(const ProgramOption& o, const ProgramTraits&) {
  const double d = default_number(o).value_or(0);
  if (d > 0) return {Fate::tuned, 55, log_law(o, d / 100, d * 10), ""};
  return {Fate::tuned, 55, values_law(o, {"0.0", "1e-4", "1e-3", "1e-2"}), ""};
}
Advice cost_of_svm(const ProgramOption& o, const ProgramTraits&) {
  const double d = default_number(o).value_or(1);
  ProgramOption real = o;
  real.kind = Kind::real;
  return {Fate::tuned, 80, log_law(real, d / 100, d * 1000), ""};
}

Advice gamma(const ProgramOption& o, const ProgramTraits& t) {
  const auto says = [&](const char* word) { return o.help.find(word) != std::string::npos; };
  if (says("iscount")) return discount(o, t);
  if (says("kernel") || says("ernel")) {
    ProgramOption real = o;
    real.kind = Kind::real;
    return {Fate::tuned, 75, log_law(real, 1e-4, 10), ""};
  }
  if (says("earning rate") || says("decay"))
    return {Fate::tuned, 40, linear_law(o, 0.1, 0.99), "how fast the learning rate falls"};
  return unknown_number(o);
}

Advice alpha(const ProgramOption& o, const ProgramTraits& t) {
  if (o.help.find("earning rate") != std::string::npos) return learning_rate(o, t);
  if (t.adapters) return alpha_of_adapters(o, t);
  if (o.help.find("egulari") != std::string::npos) return regularisation(o, t);
  return unknown_number(o);
}

Advice accumulation(const ProgramOption& o, const ProgramTraits&) {
  return {Fate::second_round, 30, values_law(o, {"1", "2", "4", "8"}),
          "multiplies the batch, at no cost in memory"};
}

Advice length(const ProgramOption&, const ProgramTraits&) { return {Fate::length, 0, "", ""}; }
Advice seed(const ProgramOption&, const ProgramTraits&) { return {Fate::seed, 0, "", ""}; }
Advice alone(const ProgramOption&, const ProgramTraits&) { return {}; }

constexpr std::array kKnown = {
    Known{"lr learningrate eta stepsize baselr initlr maxlr peaklr lr0 learnrate", learning_rate},
    Known{"batchsize batch bs trainbatchsize perdevicetrainbatchsize microbatchsize minibatchsize "
          "perdevicebatchsize globalbatchsize bsz",
          batch_size},
    Known{"weightdecay wd adamwweightdecay", weight_decay},
    Known{"l2 l1 reglambda regalpha lambda l2reg l1reg lambdal2 lambdal1 regularization "
          "regularisation",
          regularisation},
    Known{"dropout dropoutrate droprate dropoutp dropoutprob hiddendropout attentiondropout "
          "attndropout attndrop loradropout pdrop residpdrop",
          dropout},
    Known{"warmupratio warmupfraction warmupproportion", warmup_ratio},
    Known{"warmupsteps warmup numwarmupsteps warmupiters warmupepochs lrwarmupsteps", warmup_steps},
    Known{"momentum sgdmomentum", momentum},
    Known{"beta1 adambeta1 b1", beta1},
    Known{"beta2 adambeta2 b2", beta2},
    Known{"adamepsilon adameps eps", epsilon_of_optimizer},
    Known{"clip gradclip gradientclip maxgradnorm gradientclipval clipnorm gradnorm clipgradnorm "
          "gradclipnorm maxnorm clipgrad",
          gradient_clip},
    Known{"labelsmoothing labelsmoothingfactor smoothing", label_smoothing},
    Known{"optimizer optim opt optimiser optimizertype optimizername", optimizer},
    Known{"lrschedulertype scheduler schedule lrschedule lrscheduler lrdecaystyle", schedule},
    Known{"activation act nonlinearity activationfunction solver norm pooling", choice},
    Known{"hidden hiddensize hiddendim hiddenunits hiddenchannels dmodel nembd embeddim embdim "
          "embeddingdim embeddingsize width latentdim dim filters nfilters numfilters channels "
          "units nhidden numunits",
          width},
    Known{"layers numlayers nlayers nlayer numhiddenlayers blocks numblocks nblocks", layers},
    Known{"heads numheads nheads nhead numattentionheads", heads},
    Known{"lorar rank r lorarank", rank},
    Known{"loraalpha", alpha_of_adapters},
    Known{"alpha", alpha},
    Known{"gamma", gamma},
    Known{"maxdepth depth treedepth", tree_depth},
    Known{"numleaves maxleaves leaves", leaves},
    Known{"subsample colsample colsamplebytree baggingfraction featurefraction rowsample",
          share_of_data},
    Known{"minchildweight minchildsamples mindatainleaf minsamplesleaf mincount", child_weight},
    Known{"discount discountfactor", discount},
    Known{"gaelambda", gae_lambda},
    Known{"cliprange clipcoef clipeps clipepsilon clipratio", clip_range},
    Known{"entropycoef entcoef entropycoefficient entropybonus", entropy},
    Known{"c cost", cost_of_svm},
    Known{"gradientaccumulationsteps accumulation accumulategradbatches gradaccum accumsteps "
          "gradaccumsteps",
          accumulation},
    Known{"epochs epoch numepochs nepochs maxepochs numtrainepochs trainepochs maxsteps numsteps "
          "nsteps steps trainsteps maxiters maxiter iterations iters niters nestimators "
          "numboostround rounds numrounds totaltimesteps numtrees ntrees patience "
          "earlystoppingrounds totalsteps trainiters",
          length},
    Known{"seed randomseed randomstate rngseed torchseed globalseed dataseed seedeverything", seed},
    Known{"workers numworkers threads numthreads nthreads njobs nproc jobs cpus gpus devices "
          "numenvs nenvs dataloadernumworkers localrank rank0 verbose verbosity port bins maxbin "
          "folds evalbatchsize perdeviceevalbatchsize testbatchsize valbatchsize "
          "dataloaderprefetchfactor ddptimeout ddpbucketcapmb prefetch prefetchfactor precision "
          "loss objective evalaccumulationsteps savetotallimit torchemptycachesteps",
          alone},
};

bool contains_word(std::string_view list, const std::string& name) {
  for (const std::string_view one : split(list, ' ')) {
    if (one == name) return true;
  }
  return false;
}

const Known* find_by_name(const std::string& name) {
  for (const Known& known : kKnown) {
    if (contains_word(known.names, name)) return &known;
  }
  return nullptr;
}

const Known* find_known(const ProgramOption& option) {
  for (const std::string& name : plain_names(option)) {
    if (const Known* known = find_by_name(name)) return known;
  }
  // "optimizer.name" and the like choose the optimizer.
  const std::vector<std::string> words = words_of(option.name);
  if (words.size() > 1 && option.name.find('.') != std::string::npos &&
      words[words.size() - 2].starts_with("optim") &&
      (words.back() == "name" || words.back() == "kind" || words.back() == "type"))
    return find_by_name("optimizer");
  return nullptr;
}

/// By a word of the name: "actor_lr", "train_batch_size", "log_every".
Rule rule_by_words(const ProgramOption& option) {
  const std::vector<std::string> words = words_of(option.name);
  const auto has = [&](std::initializer_list<const char*> any) {
    return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
      return std::find(any.begin(), any.end(), word) != any.end();
    });
  };
  if (has({"eval",    "test",       "val",      "valid", "log",  "logging",   "save",
           "print",   "checkpoint", "interval", "every", "freq", "frequency", "port",
           "workers", "threads",    "timeout",  "cache", "rank", "world",     "device",
           "gpu",     "profile",    "debug",    "hub",   "ddp",  "fsdp"}))
    return alone;
  if (has({"seed"})) return seed;
  if (has({"epochs", "iters", "iterations", "steps"})) return length;
  const bool rate = has({"lr"}) || (has({"learning"}) && has({"rate"}));
  if (rate && !has({"scheduler", "schedule", "decay", "step", "min", "warmup", "gamma", "type"}))
    return learning_rate;
  if (has({"batch"}) && has({"size"})) return batch_size;
  if (has({"dropout"})) return dropout;
  if (has({"weight"}) && has({"decay"})) return weight_decay;
  return nullptr;
}

}  // namespace

ProgramTraits traits_of(const ProgramHelp& help) {
  ProgramTraits traits;
  for (const ProgramOption& option : help.options) {
    const Known* known = find_known(option);
    const std::string name = plain_names(option).front();
    if (name.starts_with("lora")) traits.adapters = true;
    if (known != nullptr && known->rule == rank && name != "r") {
      traits.rank_name = option.name;
      traits.rank_default = default_number(option).value_or(0);
    }
    if (known != nullptr && known->rule == optimizer && !option.choices.empty()) {
      traits.optimizer_name = option.name;
      traits.optimizer_has_sgd =
          std::find(option.choices.begin(), option.choices.end(), "sgd") != option.choices.end();
    }
  }
  if (!traits.adapters) traits.rank_name.clear();
  return traits;
}

Advice advise_option(const ProgramOption& option, const ProgramTraits& traits) {
  if (option.is_switch) return {Fate::switches, 0, "", ""};
  const Known* known = find_known(option);
  Rule rule = known != nullptr ? known->rule : rule_by_words(option);
  if (rule == rank && !traits.adapters) rule = nullptr;
  const bool number = option.kind == Kind::integer || option.kind == Kind::real;
  const bool words = rule == optimizer || rule == schedule || rule == choice;
  if (rule == length || rule == seed || rule == alone || (rule != nullptr && words))
    return rule(option, traits);
  // A name that promises a number, with a default that is none ("1/num_features"), is one still.
  const bool may_be = option.kind == Kind::unknown && option.choices.empty();
  if (rule != nullptr && (number || may_be || (rule == gamma && option.choices.empty())))
    return rule(option, traits);
  if (option.kind == Kind::boolean) return {Fate::switches, 0, "", ""};
  if (number) return unknown_number(option);
  if (!option.choices.empty() && option.choices.size() <= 6 && option.default_text)
    return {Fate::unknown, 0, choice_law(option), ""};
  return {};
}

}  // namespace hone::cli
