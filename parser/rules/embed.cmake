# cmake -DOUTPUT=FILE.cc "-DFILES=a.toml|b.toml" -DFUNCTION=NAME -P embed.cmake
#
# Writes a source that holds the files as they are, by name, and gives them by FUNCTION(). A string literal may be 65,536 octets
# at most in some compilers, so a file is a run of literals, one a paragraph.
set(delimiter "bounced_toml")
set(source "// Generated from data files.\n#include \"parser/rules.h\"\n\n")
string(APPEND source "namespace bounced {\n\nstd::vector<RuleSet::File> ${FUNCTION}();\n\n")
string(APPEND source "std::vector<RuleSet::File> ${FUNCTION}() {\n  return {\n")
string(REPLACE "|" ";" files "${FILES}")
foreach(file IN LISTS files)
  get_filename_component(name "${file}" NAME)
  file(READ "${file}" content)
  string(REPLACE "\n\n" "\n\n)${delimiter}\"\nR\"${delimiter}(" content "${content}")
  string(APPEND source "{\"${name}\", R\"${delimiter}(${content})${delimiter}\"},\n")
endforeach()
string(APPEND source "  };\n}\n\n}  // namespace bounced\n")
file(WRITE "${OUTPUT}" "${source}")
