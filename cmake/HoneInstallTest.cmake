# As a script: installs BUILD below STAGED, builds the project in SOURCE against it and runs what it makes.
file(REMOVE_RECURSE ${STAGED})
function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${ARGV}: status ${status}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${STAGED}/prefix)
run(${CMAKE_COMMAND} -S ${SOURCE} -B ${STAGED}/build -G ${GENERATOR} -DCMAKE_BUILD_TYPE=Release
    -DCMAKE_PREFIX_PATH=${STAGED}/prefix)
run(${CMAKE_COMMAND} --build ${STAGED}/build)
run(${STAGED}/build/ask_tell)
message("${output}")
if(NOT output MATCHES "best of [0-9]+ trials")
  message(FATAL_ERROR "examples/library does not name its best trial")
endif()
