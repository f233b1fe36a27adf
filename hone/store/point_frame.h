// Tracking points as bytes, codec 1: a frame of the points of several metrics, in the order they
// came.
//
//   count of names, each: length, bytes      the metrics of the frame
//   count of points, each: index of its name, step and value (IEEE 754 doubles, little-endian),
//   busy_us minus the one before
//
// Counts, lengths and indices are LEB128; the difference of busy_us is zigzag LEB128.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hone/store/store.h"

namespace hone {

constexpr int kPointFrameCodec = 1;

std::string encode_points(std::span<const Point> points);
/// Appends the frame's points; false (and nothing appended) when the bytes are no frame.
bool decode_points(std::string_view bytes, std::vector<Point>& points);

}  // namespace hone
