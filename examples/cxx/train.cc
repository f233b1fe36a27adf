// A program to tune that knows nothing of hone: flags in, lines out. It learns to tell two spirals
// apart with a small network (one hidden layer, stochastic gradient descent with momentum) and
// prints the loss on points that it does not learn from.
//
//   ./train --rate 0.05 --momentum 0.9 --hidden 16 --batch 8 --seed 1
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

namespace {

struct Options {
  double rate = 0.01;
  double momentum = 0.0;
  int hidden = 8;
  int batch = 16;
  unsigned seed = 0;
};

struct Point {
  double x, y, label;
};

std::vector<Point> spirals(int count, std::mt19937& random) {
  std::vector<Point> points;
  for (int i = 0; i < count; ++i) {
    const double turn = 1 + 5 * (static_cast<double>(random() % 10000) / 10000);
    const double noise = static_cast<double>(random() % 1000 + random() % 1000) / 500 -
                         2;  // radians; the arms overlap a little
    const double side = i % 2 == 0 ? 0 : 3.14159265358979;
    points.push_back({turn / 6 * std::cos(turn + side + noise),
                      turn / 6 * std::sin(turn + side + noise), i % 2 == 0 ? 0.0 : 1.0});
  }
  return points;
}

class Network {
 public:
  Network(const Options& options, std::mt19937& random) : hidden_(options.hidden) {
    weights_.resize(static_cast<std::size_t>(4 * hidden_ + 1));
    for (double& w : weights_) w = (static_cast<double>(random() % 2001) / 1000 - 1) * 1.5;
    velocity_.assign(weights_.size(), 0);
    gradient_.assign(weights_.size(), 0);
  }

  /// The probability of label 1; adds the gradient of the loss where `learn` is set.
  double see(const Point& point, bool learn) {
    std::vector<double> active(static_cast<std::size_t>(hidden_));
    double sum = weights_.back();
    for (int h = 0; h < hidden_; ++h) {
      const double* w = &weights_[static_cast<std::size_t>(4 * h)];
      active[static_cast<std::size_t>(h)] = std::tanh(3 * (w[0] * point.x + w[1] * point.y + w[2]));
      sum += w[3] * active[static_cast<std::size_t>(h)];
    }
    const double p = 1 / (1 + std::exp(-sum));
    if (!learn) return p;
    const double d = p - point.label;
    gradient_.back() += d;
    for (int h = 0; h < hidden_; ++h) {
      const double a = active[static_cast<std::size_t>(h)];
      double* g = &gradient_[static_cast<std::size_t>(4 * h)];
      const double inner = d * weights_[static_cast<std::size_t>(4 * h + 3)] * (1 - a * a) * 3;
      g[0] += inner * point.x;
      g[1] += inner * point.y;
      g[2] += inner;
      g[3] += d * a;
    }
    return p;
  }

  void step(const Options& options, int count) {
    for (std::size_t i = 0; i < weights_.size(); ++i) {
      velocity_[i] = options.momentum * velocity_[i] - options.rate * gradient_[i] / count;
      weights_[i] += velocity_[i];
      gradient_[i] = 0;
    }
  }

 private:
  int hidden_;
  std::vector<double> weights_, velocity_, gradient_;
};

double loss(Network& network, const std::vector<Point>& points) {
  double sum = 0;
  for (const Point& point : points) {
    const double p = std::clamp(network.see(point, false), 1e-12, 1 - 1e-12);
    sum -= point.label > 0.5 ? std::log(p) : std::log(1 - p);
  }
  return sum / static_cast<double>(points.size());
}

/// Takes "--rate 0.1" and "--rate=0.1".
Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    std::string name = argv[i];
    std::string text;
    const std::size_t equals = name.find('=');
    if (equals != std::string::npos) {
      text = name.substr(equals + 1);
      name.resize(equals);
    } else if (i + 1 < argc) {
      text = argv[++i];
    }
    const double value = std::atof(text.c_str());
    if (name == "--rate")
      options.rate = value;
    else if (name == "--momentum")
      options.momentum = value;
    else if (name == "--hidden")
      options.hidden = static_cast<int>(value);
    else if (name == "--batch")
      options.batch = static_cast<int>(value);
    else if (name == "--seed")
      options.seed = static_cast<unsigned>(value);
    else {
      std::fprintf(stderr, "train: unknown flag %s\n", argv[i]);
      std::exit(2);
    }
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  std::mt19937 data_random(1), random(options.seed);
  const std::vector<Point> training = spirals(400, data_random),
                           validation = spirals(400, data_random);
  Network network(options, random);
  for (int epoch = 1; epoch <= 27; ++epoch) {
    for (int i = 0; i < 400; i += options.batch) {
      const int count = std::min(options.batch, 400 - i);
      for (int k = 0; k < count; ++k) network.see(training[random() % 400], true);
      network.step(options, count);
    }
    std::printf("epoch=%d val_loss=%.6f\n", epoch, loss(network, validation));
    std::fflush(stdout);
  }
}
