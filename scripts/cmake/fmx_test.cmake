# fmx_add_test(apodisation DEVICE): builds tests/test_apodisation.c and runs it on PoCL and on
# Intel's CPU runtime, each seen alone; without DEVICE the test needs neither and runs once.
# LONG: takes minutes where no cache is warm; labelled long on every device.
function(fmx_add_test name)
  cmake_parse_arguments(TEST "DEVICE;LONG" "TIMEOUT" "SOURCES;LINK" ${ARGN})
  add_executable(test_${name} tests/test_${name}.c ${TEST_SOURCES})
  set_target_properties(test_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_link_libraries(test_${name} PRIVATE fmx_test_common ${TEST_LINK})
  target_compile_definitions(test_${name} PRIVATE FMX_PROGRAM="$<TARGET_FILE:fidmix>")
  # cr_assert's variadic macros expand to more than pedantic C allows
  target_compile_options(test_${name} PRIVATE -Wno-gnu-zero-variadic-macro-arguments
                         -Wno-pedantic)
  if(NOT TEST_TIMEOUT)
    set(TEST_TIMEOUT 120)
  endif()
  set(common "FIDMIX_SKIP_LOG=${CMAKE_BINARY_DIR}/skips.log")
  set(pocl "OCL_ICD_VENDORS=/etc/OpenCL/vendors/pocl.icd" "FIDMIX_TEST_DEVICE=Portable")
  set(intel "OCL_ICD_VENDORS=${FMX_DEPS_DIR}/intel/vendors/intel.icd"
            "FIDMIX_TEST_DEVICE=Intel(R) OpenCL")
  set(command test_${name} -j1 --timeout ${TEST_TIMEOUT} --short-filename)
  if(TEST_DEVICE)
    add_test(NAME ${name}.pocl COMMAND ${command})
    set_tests_properties(${name}.pocl PROPERTIES ENVIRONMENT "${common};${pocl}")
    # the GPU variants without sub-groups: the local-memory twin of every reduction
    add_test(NAME ${name}.pocl-gpu COMMAND ${command})
    set_tests_properties(${name}.pocl-gpu PROPERTIES LABELS long
                         ENVIRONMENT "${common};${pocl};FIDMIX_VARIANT=gpu")
    if(NOT FMX_SANITIZE) # Intel's runtime loads libraries in a way that ends the sanitizer
      add_test(NAME ${name}.intel COMMAND ${command})
      set_tests_properties(${name}.intel PROPERTIES ENVIRONMENT "${common};${intel}")
    endif()
  else()
    add_test(NAME ${name} COMMAND ${command})
    set_tests_properties(${name} PROPERTIES ENVIRONMENT "${common};${pocl}")
  endif()
  # Criterion's limit is for each case, and it does not end one that waits for a driver
  math(EXPR hung "4 * ${TEST_TIMEOUT}")
  foreach(test ${name} ${name}.pocl ${name}.pocl-gpu ${name}.intel)
    if(TEST ${test})
      set_tests_properties(${test} PROPERTIES TIMEOUT ${hung})
    endif()
  endforeach()
  if(TEST_LONG)
    foreach(device pocl pocl-gpu intel)
      if(TEST ${name}.${device})
        set_tests_properties(${name}.${device} PROPERTIES LABELS long)
      endif()
    endforeach()
  endif()
endfunction()
