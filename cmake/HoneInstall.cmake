# What `cmake --install` puts where: the programs, and the C++ library as one archive with a package
# that find_package(hone) finds.
#
# The folders' libraries are merged into libhone.a. What they link privately is read from the targets;
# the list below says how a user's build finds each, and a library that is missing there is warned of.
# Headers are installed as they lie, without those that only tests and other sources include.
if(HONE_SANITIZE STREQUAL "" AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  set(install_by_default ON)
else()
  set(install_by_default OFF)
endif()
option(HONE_INSTALL "Build libhone.a and the rules to install" ${install_by_default})
if(NOT HONE_INSTALL)
  return()
endif()
include(CMakePackageConfigHelpers)

foreach(program hone hone-keeper)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endforeach()

# Target → the line of honeConfig.cmake that finds it. Empty: needed to compile hone, not to link with it.
set(found_Threads::Threads "find_dependency(Threads)")
set(found_fmt::fmt "find_dependency(fmt)")
set(found_yaml-cpp "find_dependency(yaml-cpp)")
set(found_SQLite::SQLite3 "find_dependency(SQLite3)")
set(found_NLopt::nlopt "find_dependency(NLopt)")
set(found_NLopt::nlopt_cxx "find_dependency(NLopt)")
set(found_ZLIB::ZLIB "find_dependency(ZLIB)")
set(found_PkgConfig::RE2 "find_dependency(PkgConfig)\npkg_check_modules(RE2 REQUIRED QUIET IMPORTED_TARGET re2)")
set(found_nlohmann_json::nlohmann_json "")
set(found_tomlplusplus::tomlplusplus "")
set(found_Eigen3::Eigen "")
set(found_CLI11::CLI11 "")
set(plain_libraries xxhash nlopt nlopt_cxx m dl rt ${CMAKE_DL_LIBS})

get_property(components GLOBAL PROPERTY HONE_COMPONENTS)
list(REMOVE_ITEM components hone_cli hone_server hone_mlflow)  # the program's own
set(objects "")
set(links "")
set(finds "")
foreach(component ${components})
  list(APPEND objects $<TARGET_OBJECTS:${component}>)
  get_target_property(libraries ${component} LINK_LIBRARIES)
  foreach(library ${libraries})
    if(library MATCHES "^hone_" OR library STREQUAL "hone_flags")
      continue()
    elseif(DEFINED found_${library})
      if(NOT found_${library} STREQUAL "")
        list(APPEND links ${library})
        list(APPEND finds "${found_${library}}")
      endif()
    elseif(library IN_LIST plain_libraries)
      list(APPEND links ${library})
    else()
      message(WARNING "${component} links ${library}: tell cmake/HoneInstall.cmake how users find it")
    endif()
  endforeach()
endforeach()
list(REMOVE_DUPLICATES links)
list(REMOVE_DUPLICATES finds)
list(JOIN finds "\n" HONE_FIND_DEPENDENCIES)

add_library(hone_library STATIC ${objects})
set_target_properties(hone_library PROPERTIES OUTPUT_NAME hone EXPORT_NAME hone LINKER_LANGUAGE CXX)
target_compile_features(hone_library INTERFACE cxx_std_20)
target_include_directories(hone_library INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
# Named for users only: this build found some of them in the scope of their folder.
foreach(library ${links})
  target_link_libraries(hone_library INTERFACE $<INSTALL_INTERFACE:${library}>)
endforeach()

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/hone)
install(TARGETS hone_library EXPORT honeTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT honeTargets NAMESPACE hone:: DESTINATION ${package_folder})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/honeConfig.cmake.in ${CMAKE_BINARY_DIR}/honeConfig.cmake
                              INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/honeConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/honeConfig.cmake ${CMAKE_BINARY_DIR}/honeConfigVersion.cmake DESTINATION ${package_folder})
foreach(component ${components})
  string(REPLACE hone_ "" folder ${component})
  install(DIRECTORY ${CMAKE_SOURCE_DIR}/hone/${folder} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/hone
          FILES_MATCHING PATTERN "*.h"
          PATTERN "*_impl.h" EXCLUDE PATTERN "*_fixture.h" EXCLUDE PATTERN "*_test_support.h" EXCLUDE
          PATTERN "wandb" EXCLUDE PATTERN "formats" EXCLUDE)
endforeach()
install(FILES ${CMAKE_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

# The library as another project sees it: installed into a folder of its own, found, built, run.
if(HONE_TESTS)
  set(staged ${CMAKE_BINARY_DIR}/staged)
  add_test(NAME install
           COMMAND ${CMAKE_COMMAND} -DBUILD=${CMAKE_BINARY_DIR} -DSTAGED=${staged}
                   -DSOURCE=${CMAKE_SOURCE_DIR}/examples/library -DGENERATOR=${CMAKE_GENERATOR}
                   -P ${CMAKE_CURRENT_LIST_DIR}/HoneInstallTest.cmake)
  set_tests_properties(install PROPERTIES TIMEOUT 600 LABELS once)
endif()
