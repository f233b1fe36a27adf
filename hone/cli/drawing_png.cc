// The few functions of Cairo that are used, declared here: its interface has been stable since 1.0
// (2005). cairographics.org/manual.
#include "hone/cli/drawing_png.h"

#include <dlfcn.h>
#include <fmt/core.h>

#include <array>
#include <cmath>
#include <cstring>
#include <memory>

#include "hone/base/error.h"

namespace hone::cli {
namespace {

struct Surface;  // cairo_surface_t
struct Context;  // cairo_t
/// cairo_text_extents_t
struct Extents {
  double x_bearing, y_bearing, width, height, x_advance, y_advance;
};
using WriteFunction = int (*)(void* closure, const unsigned char* data, unsigned length);

struct Cairo {
  Surface* (*image_surface_create)(int format, int width, int height);
  int (*surface_status)(Surface*);
  void (*surface_destroy)(Surface*);
  int (*surface_write_to_png_stream)(Surface*, WriteFunction, void* closure);
  Context* (*create)(Surface*);
  void (*destroy)(Context*);
  void (*scale)(Context*, double, double);
  void (*set_source_rgba)(Context*, double, double, double, double);
  void (*set_line_width)(Context*, double);
  void (*set_line_join)(Context*, int);
  void (*set_dash)(Context*, const double*, int, double);
  void (*paint)(Context*);
  void (*move_to)(Context*, double, double);
  void (*line_to)(Context*, double, double);
  void (*close_path)(Context*);
  void (*new_path)(Context*);
  void (*arc)(Context*, double, double, double, double, double);
  void (*stroke)(Context*);
  void (*fill)(Context*);
  void (*save)(Context*);
  void (*restore)(Context*);
  void (*translate)(Context*, double, double);
  void (*rotate)(Context*, double);
  void (*select_font_face)(Context*, const char*, int slant, int weight);
  void (*set_font_size)(Context*, double);
  void (*text_extents)(Context*, const char*, Extents*);
  void (*show_text)(Context*, const char*);
};

template <class Function>
void find(void* library, const char* name, Function& into) {
  void* symbol = ::dlsym(library, name);
  if (symbol == nullptr) {
    throw Error(ErrorCode::unsupported, fmt::format("libcairo.so.2 on this machine lacks {}", name),
                "Install Cairo (on Debian: apt install libcairo2), or write an .svg file.");
  }
  static_assert(sizeof symbol == sizeof into);
  std::memcpy(&into, &symbol, sizeof symbol);
}

Cairo load() {
  void* library = ::dlopen("libcairo.so.2", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    throw Error(ErrorCode::unsupported,
                "a PNG picture needs libcairo.so.2, which is not on this machine",
                "Install Cairo (on Debian: apt install libcairo2), or write an .svg file.");
  }
  Cairo c{};
  find(library, "cairo_image_surface_create", c.image_surface_create);
  find(library, "cairo_surface_status", c.surface_status);
  find(library, "cairo_surface_destroy", c.surface_destroy);
  find(library, "cairo_surface_write_to_png_stream", c.surface_write_to_png_stream);
  find(library, "cairo_create", c.create);
  find(library, "cairo_destroy", c.destroy);
  find(library, "cairo_scale", c.scale);
  find(library, "cairo_set_source_rgba", c.set_source_rgba);
  find(library, "cairo_set_line_width", c.set_line_width);
  find(library, "cairo_set_line_join", c.set_line_join);
  find(library, "cairo_set_dash", c.set_dash);
  find(library, "cairo_paint", c.paint);
  find(library, "cairo_move_to", c.move_to);
  find(library, "cairo_line_to", c.line_to);
  find(library, "cairo_close_path", c.close_path);
  find(library, "cairo_new_path", c.new_path);
  find(library, "cairo_arc", c.arc);
  find(library, "cairo_stroke", c.stroke);
  find(library, "cairo_fill", c.fill);
  find(library, "cairo_save", c.save);
  find(library, "cairo_restore", c.restore);
  find(library, "cairo_translate", c.translate);
  find(library, "cairo_rotate", c.rotate);
  find(library, "cairo_select_font_face", c.select_font_face);
  find(library, "cairo_set_font_size", c.set_font_size);
  find(library, "cairo_text_extents", c.text_extents);
  find(library, "cairo_show_text", c.show_text);
  return c;
}

const Cairo& cairo() {
  static const Cairo loaded = load();
  return loaded;
}

/// Draws shapes one after the other.
struct Painter {
  const Cairo& c;
  Context* to;

  void colour(const Paint& paint, double opacity) const {
    constexpr double kFull = 255;
    const auto* ink = std::get_if<Ink>(&paint);
    const Rgb rgb = ink != nullptr ? colour_of(*ink, false) : std::get<Rgb>(paint);
    c.set_source_rgba(to, rgb.red / kFull, rgb.green / kFull, rgb.blue / kFull, opacity);
  }
  void path(const std::vector<std::pair<double, double>>& points) const {
    c.new_path(to);
    for (std::size_t i = 0; i < points.size(); ++i)
      (i == 0 ? c.move_to : c.line_to)(to, points[i].first, points[i].second);
  }
  void operator()(const DrawnLine& line) const {
    constexpr std::array<double, 2> kDashes = {4, 3};
    colour(line.paint, line.opacity);
    c.set_line_width(to, line.width);
    c.set_dash(to, kDashes.data(), line.dashed ? 2 : 0, 0);
    path(line.points);
    c.stroke(to);
  }
  void operator()(const DrawnArea& area) const {
    colour(area.paint, area.opacity);
    path(area.points);
    c.close_path(to);
    c.fill(to);
  }
  void operator()(const DrawnDot& dot) const {
    constexpr double kTurn = 6.283185307179586;
    colour(dot.paint, dot.opacity);
    c.new_path(to);
    c.arc(to, dot.x, dot.y, dot.radius, 0, kTurn);
    c.fill(to);
  }
  void operator()(const DrawnText& text) const {
    constexpr double kQuarter = 1.5707963267948966;
    colour(text.paint, 1);
    c.select_font_face(to, "sans-serif", 0, text.bold ? 1 : 0);
    c.set_font_size(to, text.size);
    Extents extents{};
    c.text_extents(to, text.text.c_str(), &extents);
    const double back = text.anchor == Anchor::start    ? 0
                        : text.anchor == Anchor::middle ? extents.x_advance / 2
                                                        : extents.x_advance;
    c.save(to);
    c.translate(to, text.x, text.y);
    if (text.upright) c.rotate(to, -kQuarter);
    c.new_path(to);
    c.move_to(to, -back, 0);
    c.show_text(to, text.text.c_str());
    c.restore(to);
  }
};

int append(void* closure, const unsigned char* data, unsigned length) {
  static_cast<std::string*>(closure)->append(reinterpret_cast<const char*>(data), length);
  return 0;
}

}  // namespace

std::string to_png(const Drawing& drawing, double scale) {
  const Cairo& c = cairo();
  constexpr int kRgb24 = 1;
  const std::unique_ptr<Surface, void (*)(Surface*)> surface(
      c.image_surface_create(kRgb24, static_cast<int>(std::ceil(drawing.width * scale)),
                             static_cast<int>(std::ceil(drawing.height * scale))),
      c.surface_destroy);
  if (c.surface_status(surface.get()) != 0)
    throw Error(ErrorCode::io, "Cairo cannot make a picture of that size");
  const std::unique_ptr<Context, void (*)(Context*)> context(c.create(surface.get()), c.destroy);
  const Painter painter{c, context.get()};
  c.scale(context.get(), scale, scale);
  constexpr int kRound = 1;
  c.set_line_join(context.get(), kRound);
  painter.colour(Ink::paper, 1);
  c.paint(context.get());
  for (const Shape& shape : drawing.shapes) std::visit(painter, shape);
  std::string bytes;
  if (c.surface_write_to_png_stream(surface.get(), append, &bytes) != 0)
    throw Error(ErrorCode::io, "Cairo cannot write the picture");
  return bytes;
}

}  // namespace hone::cli
