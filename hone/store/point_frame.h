// Tracking points as bytes: a frame of the points of several metrics, in the order they came.
// Programs log the same names round after round, several at one step and instant, steps that are
// whole numbers, and values that are often single precision: codec 2 spends bytes only on what is
// otherwise.
//
//   count of names, each: length, bytes     the metrics of the frame
//   count of points, each:
//     a byte: bits 0-3 how many bytes of the value follow, 0 to 8
//             bits 4-5 the step: 0 that of the point before, 1 a difference, 2 a double
//             bit 6    an index of a name follows; else it is the name after the one before
//             bit 7    a difference of busy_us follows; else it is that of the point before
//     index of the name; step; difference of busy_us; value, in this order, where there are such
//
// Counts, lengths and indices are LEB128; differences are zigzag LEB128, those of steps between
// whole numbers below 2^53. Doubles are IEEE 754, little-endian; a value is its most significant
// bytes, those that are left out are zero. Before the first point stand name -1, step 0 and busy_us
// 0. Codec 1, which is still read, has for each point the index, step and value as doubles, and the
// difference of busy_us.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hone/store/store.h"

namespace hone {

constexpr int kPointFrameCodec = 2;

std::string encode_points(std::span<const Point> points);
/// Appends the frame's points; false (and nothing appended) when the bytes are no frame of that
/// codec.
bool decode_points(int codec, std::string_view bytes, std::vector<Point>& points);

}  // namespace hone
