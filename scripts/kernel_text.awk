# A kernel file with each line `#include "piece.clh"` replaced by that file's text, behind #line, so
# that build logs name the file and line that the editor shows. Run-time compilers get whole text:
# they have no folder to include from, and the key of a kept binary holds all of it.
# Usage: awk -f scripts/kernel_text.awk kernels/explain.cl
/^#include "[a-z0-9_]+\.clh"$/ {
    piece = substr($2, 2, length($2) - 2)
    path = FILENAME
    sub(/[^\/]*$/, piece, path)
    print "#line 1 \"" piece "\""
    while ((got = (getline line < path)) > 0)
        print line
    if (got < 0) {
        print FILENAME ":" FNR ": " path " cannot be read" > "/dev/stderr"
        exit 1
    }
    close(path)
    name = FILENAME
    sub(/.*\//, "", name)
    print "#line " FNR + 1 " \"" name "\""
    next
}
{ print }
