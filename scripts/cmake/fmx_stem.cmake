# One operation, one stem, six rooms: fmx_add_stem(apodisation signal) registers
# kernels/apodisation.cl, host/signal/apodisation.c, host/ref/apodisation_ref.c,
# tests/test_apodisation.c (cases in tests/cases/apodisation.h), bench/bench_apodisation.c and
# docs/stages/apodisation.md, and stops where one is missing.
set(FMX_DOCS_signal stages)
set(FMX_DOCS_ops ops)
set(FMX_DOCS_train training)
set(FMX_DOCS_cl device)

#
# STAGE      the stem's file defines `const fmx__stage fmx__stage_<stem>`, a stage of recipes
# OPS        names of the network operations in it, each `const fmx__op fmx__op_<name>`
# NO_KERNEL  the stem runs other stems' kernels only and has no file in kernels/
# SOURCES    further host files of the stem
# KERNELS    further kernel files of the stem, each a program of its own
# PIECES     what its kernel files include: parts of one program
# TIMEOUT    seconds that its test may take
function(fmx_add_stem stem room)
  cmake_parse_arguments(STEM "STAGE;NO_KERNEL" "TIMEOUT" "SOURCES;KERNELS;PIECES;OPS" ${ARGN})
  if(NOT DEFINED FMX_DOCS_${room})
    message(FATAL_ERROR "fmx_add_stem(${stem} ${room}): no stem lives in the room \"${room}\"")
  endif()
  get_property(known GLOBAL PROPERTY FMX_STEMS)
  if(stem IN_LIST known)
    message(FATAL_ERROR "fmx_add_stem(${stem} ${room}): the stem is registered twice")
  endif()
  if(STEM_NO_KERNEL)
    set(kernel)
  else()
    set(kernel kernels/${stem}.cl)
  endif()
  foreach(file ${kernel} ${STEM_KERNELS} ${STEM_PIECES} ${STEM_SOURCES} host/${room}/${stem}.c host/ref/${stem}_ref.c
               tests/test_${stem}.c tests/cases/${stem}.h bench/bench_${stem}.c
               docs/${FMX_DOCS_${room}}/${stem}.md)
    if(NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${file})
      message(FATAL_ERROR "fmx_add_stem(${stem} ${room}): ${file} is missing")
    endif()
  endforeach()
  set_property(GLOBAL APPEND PROPERTY FMX_STEMS ${stem})
  if(NOT STEM_NO_KERNEL)
    set_property(GLOBAL APPEND PROPERTY FMX_KERNELS ${CMAKE_CURRENT_SOURCE_DIR}/${kernel})
  endif()
  foreach(file ${STEM_KERNELS})
    set_property(GLOBAL APPEND PROPERTY FMX_KERNELS ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  endforeach()
  foreach(file ${STEM_PIECES})
    set_property(GLOBAL APPEND PROPERTY FMX_PIECES ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  endforeach()
  set_property(GLOBAL APPEND PROPERTY FMX_ROOM_${room} host/${room}/${stem}.c ${STEM_SOURCES})
  set_property(GLOBAL APPEND PROPERTY FMX_OPS ${STEM_OPS})
  if(STEM_STAGE)
    set_property(GLOBAL APPEND PROPERTY FMX_STAGES ${stem})
  endif()
  set_property(GLOBAL PROPERTY FMX_TIMEOUT_${stem} "${STEM_TIMEOUT}")
endfunction()
