# As a script: cmake -DNPM=… -DFROM=… -DTO=… -P packages.cmake installs what FROM/package-lock.json fixes into TO/node_modules, unless
# that was done already.
if(EXISTS ${TO}/packages.stamp AND NOT ${FROM}/package-lock.json IS_NEWER_THAN ${TO}/packages.stamp)
  return()
endif()
file(COPY ${FROM}/package.json ${FROM}/package-lock.json DESTINATION ${TO})
execute_process(COMMAND ${NPM} ci --ignore-scripts --no-audit --no-fund --prefer-offline WORKING_DIRECTORY ${TO}
  RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "npm ci failed in ${TO}:\n${output}\nThe packages come from the npm registry (or from npm's cache). "
          "Without it: configure with -DHONE_PAGE=OFF, and hone serve has no page.")
endif()
file(TOUCH ${TO}/packages.stamp)
