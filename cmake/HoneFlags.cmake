# Compiler flags shared by every target. Floating point is kept reproducible: no contraction, no -march=native.
add_library(hone_flags INTERFACE)
set_property(TARGET hone_flags PROPERTY INTERFACE_COMPILE_OPTIONS
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wimplicit-fallthrough -Werror -Wno-restrict -Wno-maybe-uninitialized -ffp-contract=off
  "$<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor;-Woverloaded-virtual>")
target_include_directories(hone_flags INTERFACE ${CMAKE_SOURCE_DIR})

if(HONE_SANITIZE STREQUAL "address")
  # Null pointers and objects that are too small fault under ASan too; with these checks and that of
  # alignment, which x86 does not mind, compiling takes 2.3 times as long.
  add_compile_options(-fsanitize=address,undefined -fno-sanitize=null,object-size,alignment
    -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(HONE_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
elseif(NOT HONE_SANITIZE STREQUAL "")
  message(FATAL_ERROR "HONE_SANITIZE must be empty, address or thread, not '${HONE_SANITIZE}'")
endif()

find_program(HONE_CCACHE ccache)
if(HONE_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${HONE_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${HONE_CCACHE})
endif()
