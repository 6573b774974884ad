/* `fidmix process` in bad company: interrupts, full disks, paths that are no data. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fmx_test.h"
#include "program_fixture.h"

/* Ctrl-C ends the run with 130 between two batches, of which 130 rows are three; it comes as soon
 * as the unfinished output is there. --resume makes the same file of it. */
Test(process_hostile, interrupted_and_resumed_to_the_same_file)
{
    folder = fmx_test_folder();
    succeeds("simulate --spins " FMX_SOURCE_DIR "/data/spin_systems.yml --out $D/raw --only "
             "L-Alanine --per-compound 130 --points 4096 --seed 3 --quiet");
    succeeds("process $D/raw --out $D/whole.h5");
    int code = shell(FMX_PROGRAM " process $D/raw --out $D/cut.h5 > /dev/null 2> $D/err & p=$!; "
                                 "while [ ! -e $D/cut.h5.part ]; do kill -0 $p || break; sleep "
                                 "0.01; done; kill -INT $p; wait $p");
    cr_assert_eq(code, 130, "exit %d: %s", code, messages());
    cr_assert_eq(shell("[ ! -e $D/cut.h5 ] && [ -e $D/cut.h5.part ]"), 0);
    succeeds("process $D/raw --out $D/cut.h5 --resume");
    cr_assert_eq(shell("[ ! -e $D/cut.h5.part ]"), 0);
    cr_assert_eq(shell("cmp $D/whole.h5 $D/cut.h5"), 0, "an interrupted run makes another file");
}

Test(process_hostile, simulate_interrupted)
{
    folder = fmx_test_folder();
    int code = shell(FMX_PROGRAM " simulate --spins " FMX_SOURCE_DIR "/data/spin_systems.yml --out "
                                 "$D/raw --per-compound 200 --quiet > /dev/null 2> $D/err & p=$!; "
                                 "sleep 1; kill -INT $p; wait $p");
    cr_assert_eq(code, 130, "exit %d: %s", code, messages());
}

/* A limit on the size of files stands for a full disk: half of what the dataset needs, and more
 * than the compiled kernels that PoCL keeps. Nothing is lost: resumed, it is whole. */
Test(process_hostile, no_space_is_a_write_error)
{
    make_raw("L-Alanine,L-Lactate,Citrate,L-Valine");
    succeeds("process $D/raw --out $D/whole.h5");
    int code = shell("trap '' XFSZ; ulimit -f $(($(stat -c %s $D/whole.h5) / 1024)); " FMX_PROGRAM
                     " process $D/raw --out $D/full.h5 > /dev/null 2> $D/err");
    cr_assert_eq(code, 5, "exit %d: %s", code, messages());
    cr_assert_eq(shell("[ ! -e $D/full.h5 ]"), 0);
    succeeds("process $D/raw --out $D/full.h5 --resume");
    cr_assert_eq(shell("cmp $D/whole.h5 $D/full.h5"), 0);
}

Test(process_hostile, settings_that_are_none)
{
    make_raw("L-Alanine");
    fails("process $D/raw --out $D/x.h5 --set nonsense", 3, "nonsense");
    fails("process $D/raw --out $D/x.h5 --set =", 3, "");
    fails("process $D/raw --out $D/x.h5 --set axis.points=many", 3, "axis.points");
    fails("process $D/raw --out $D/x.h5 --set process.apodisation.lb_hz=nan", 3, "lb_hz");
    cr_assert_eq(
        shell("printf '{[: :]}\\n\\t- \"' > $D/no.yml; head -c 4096 /dev/urandom > $D/raw.yml"), 0);
    fails("process $D/raw --out $D/x.h5 --recipe $D/no.yml", 3, "no.yml");
    fails("process $D/raw --out $D/x.h5 --recipe $D/raw.yml", 3, "raw.yml");
    cr_assert_eq(shell("[ ! -e $D/x.h5 ]"), 0);
}

/* None of these may hang, crash or leave a file behind. */
Test(process_hostile, paths_that_are_no_data)
{
    folder = fmx_test_folder();
    cr_assert_eq(shell("mkdir -p $D/twod/1 && mkfifo $D/pipe $D/twod/1/fifo && "
                       "head -c 100000 /dev/urandom > $D/noise.bin && "
                       ": > $D/twod/1/acqus && : > $D/twod/1/acqu2s && : > $D/twod/1/ser"),
                 0);
    fails("process $D/noise.bin --out $D/x.h5", 3, "noise.bin");
    fails("process $D/pipe --out $D/x.h5", 3, "pipe");
    fails("process /dev/null --out $D/x.h5", 3, "/dev/null");
    fails("process $D/twod --out $D/x.h5", 3, "");
    fails("process $D/$(head -c 3000 /dev/zero | tr '\\0' a) --out $D/x.h5", 3, "");
    cr_assert_eq(shell("[ ! -e $D/x.h5 ] && [ ! -e $D/x.h5.part ]"), 0);
}

Test(process_hostile, names_that_are_not_utf8)
{
    make_raw("L-Alanine");
    cr_assert_eq(shell("mv $D/raw/L-Alanine \"$D/raw/$(printf 'b\\377d')\""), 0);
    int code = fidmix("process $D/raw --out $D/x.h5");
    cr_assert(code == 0 || code == 3, "exit %d: %s", code, messages());
    if (code == 0)
        succeeds("info $D/x.h5");
}
