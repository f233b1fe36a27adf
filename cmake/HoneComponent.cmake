# hone_component(NAME DEPS <folders> LIBS <libraries> PRIVATE_LIBS <libraries>)
#
# Makes the static library hone_NAME of the folder's sources (all *.cc and *.c but *_test.cc, *_fuzz.cc and main.cc) and, where
# there are tests, the program hone_NAME_test. DEPS are other folders, LIBS third-party targets.
function(hone_component NAME)
  cmake_parse_arguments(ARG "" "" "DEPS;LIBS;PRIVATE_LIBS;TEST_DEPS;TEST_LIBS;EXCLUDE" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  file(GLOB tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*_test.cc)
  file(GLOB apart CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*_test.cc
       ${CMAKE_CURRENT_SOURCE_DIR}/*_fuzz.cc ${CMAKE_CURRENT_SOURCE_DIR}/main.cc)
  list(REMOVE_ITEM sources ${apart})
  foreach(file ${ARG_EXCLUDE})
    list(REMOVE_ITEM sources ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  endforeach()
  list(TRANSFORM ARG_DEPS PREPEND hone_)
  list(TRANSFORM ARG_TEST_DEPS PREPEND hone_)
  add_library(hone_${NAME} STATIC ${sources})
  add_library(hone::${NAME} ALIAS hone_${NAME})
  target_link_libraries(hone_${NAME} PRIVATE hone_flags ${ARG_PRIVATE_LIBS} fmt::fmt
                        PUBLIC ${ARG_DEPS} ${ARG_LIBS})
  set_property(GLOBAL APPEND PROPERTY HONE_COMPONENTS hone_${NAME})
  if(HONE_TESTS AND tests)
    add_executable(hone_${NAME}_test ${tests})
    target_link_libraries(hone_${NAME}_test PRIVATE hone_flags hone_${NAME} ${ARG_TEST_DEPS}
                          ${ARG_TEST_LIBS} ${ARG_PRIVATE_LIBS} fmt::fmt GTest::gmock GTest::gtest_main)
    add_test(NAME ${NAME} COMMAND hone_${NAME}_test)
    set_tests_properties(${NAME} PROPERTIES TIMEOUT 1200)
  endif()
endfunction()
