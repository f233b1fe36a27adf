// The keeper as a program of its own, for hosts that are not the hone binary (the Python package,
// tests). Linked without the C++ library, which shows that the keeper needs none.
#include "hone/runner/keeper_main.h"

int main(int argc, char** argv) { return hone::keeper_main(argc, argv); }
