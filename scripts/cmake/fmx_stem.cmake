# One operation, one stem, six rooms: fmx_add_stem(apodisation signal) registers
# kernels/apodisation.cl, host/signal/apodisation.c, host/ref/apodisation_ref.c,
# tests/test_apodisation.c (cases in tests/cases/apodisation.h), bench/bench_apodisation.c and
# docs/stages/apodisation.md, and stops where one is missing.
set(FMX_DOCS_signal stages)
set(FMX_DOCS_ops ops)
set(FMX_DOCS_train training)
set(FMX_DOCS_cl device)

function(fmx_add_stem stem room)
  if(NOT DEFINED FMX_DOCS_${room})
    message(FATAL_ERROR "fmx_add_stem(${stem} ${room}): no stem lives in the room \"${room}\"")
  endif()
  get_property(known GLOBAL PROPERTY FMX_STEMS)
  if(stem IN_LIST known)
    message(FATAL_ERROR "fmx_add_stem(${stem} ${room}): the stem is registered twice")
  endif()
  foreach(file kernels/${stem}.cl host/${room}/${stem}.c host/ref/${stem}_ref.c
               tests/test_${stem}.c tests/cases/${stem}.h bench/bench_${stem}.c
               docs/${FMX_DOCS_${room}}/${stem}.md)
    if(NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${file})
      message(FATAL_ERROR "fmx_add_stem(${stem} ${room}): ${file} is missing")
    endif()
  endforeach()
  set_property(GLOBAL APPEND PROPERTY FMX_STEMS ${stem})
  set_property(GLOBAL APPEND PROPERTY FMX_KERNELS ${CMAKE_CURRENT_SOURCE_DIR}/kernels/${stem}.cl)
  set_property(GLOBAL APPEND PROPERTY FMX_ROOM_${room} host/${room}/${stem}.c)
endfunction()
