# What `cmake --install` puts where: program, both libraries, headers, recipes and spin systems, man
# page, and what find_package and pkg-config need. Everything is relative to the prefix, so that an
# installed tree can be moved.
include(CMakePackageConfigHelpers)

# the static library's pkg-config modules, as name of the imported target = module
set(FMX_PKGCONFIG_PAIRS YAML=yaml-0.1 CJSON=libcjson EXPAT=expat ZIP=libzip PROTOBUFC=libprotobuf-c XXHASH=libxxhash HDF5=hdf5 LAPACKE=lapacke
    OPENBLAS=openblas CLBLAST=clblast CLFFT=clFFT)

install(TARGETS fidmix RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS fidmix_shared EXPORT fidmixShared LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS fidmix_static EXPORT fidmixStatic ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/fidmix DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
foreach(entry recipes models spin_systems.yml spin_states.yml)
  if(IS_DIRECTORY ${CMAKE_SOURCE_DIR}/data/${entry})
    install(DIRECTORY data/${entry} DESTINATION ${CMAKE_INSTALL_DATADIR}/fidmix)
  elseif(EXISTS ${CMAKE_SOURCE_DIR}/data/${entry})
    install(FILES data/${entry} DESTINATION ${CMAKE_INSTALL_DATADIR}/fidmix)
  endif()
endforeach()
install(FILES docs/fidmix.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/fidmix)
set(FMX_DATA_DIR ${CMAKE_INSTALL_DATADIR}/fidmix)
configure_package_config_file(scripts/cmake/fidmixConfig.cmake.in
  ${CMAKE_BINARY_DIR}/package/fidmixConfig.cmake
  INSTALL_DESTINATION ${package_dir} PATH_VARS FMX_DATA_DIR)
# before 1.0 every minor version may change the interface
write_basic_package_version_file(${CMAKE_BINARY_DIR}/package/fidmixConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/package/fidmixConfig.cmake
              ${CMAKE_BINARY_DIR}/package/fidmixConfigVersion.cmake
        DESTINATION ${package_dir})
install(EXPORT fidmixShared NAMESPACE fidmix:: DESTINATION ${package_dir})
install(EXPORT fidmixStatic NAMESPACE fidmix:: DESTINATION ${package_dir})

file(RELATIVE_PATH FMX_PC_PREFIX ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" FMX_PC_PREFIX "${FMX_PC_PREFIX}")
set(FMX_PC_REQUIRES OpenCL zlib)
foreach(pair ${FMX_PKGCONFIG_PAIRS})
  string(REGEX REPLACE ".*=" "" module ${pair})
  list(APPEND FMX_PC_REQUIRES ${module})
endforeach()
list(JOIN FMX_PC_REQUIRES ", " FMX_PC_REQUIRES)
configure_file(scripts/cmake/fidmix.pc.in ${CMAKE_BINARY_DIR}/package/fidmix.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/package/fidmix.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
