/* `fidmix process` as a user runs it: real programs, real folders. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fidmix/dataset.h"
#include "fmx_test.h"
#include "program_fixture.h"

/* All values of a dataset that processing makes. */
static float *contents(const char *name, size_t *count)
{
    char path[512];
    fmx_test test = fmx_test_open_host();
    fmx_dataset *set = NULL;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    fmx_test_ok(&test, fmx_dataset_open(test.ctx, path, &set), name);
    const fmx_dataset_info *info = fmx_dataset_describe(set);
    *count = info->rows * (info->points + 2);
    float *all = malloc(*count * sizeof *all);
    cr_assert_not_null(all);
    fmx_test_ok(&test, fmx_dataset_read_spectra(set, 0, info->rows, all), "spectra");
    float *extra = all + info->rows * info->points;
    fmx_test_ok(&test,
                fmx_dataset_read_column(set, "p0_deg", FMX_COLUMN_FLOAT, 0, info->rows, extra),
                "p0_deg");
    fmx_test_ok(&test,
                fmx_dataset_read_column(set, "noise_sigma", FMX_COLUMN_FLOAT, 0, info->rows,
                                        extra + info->rows),
                "noise_sigma");
    fmx_dataset_close(set);
    fmx_test_close(&test);
    return all;
}

static void same_contents(const char *first, const char *second)
{
    size_t counts[2];
    float *a = contents(first, &counts[0]);
    float *b = contents(second, &counts[1]);
    cr_assert_eq(counts[0], counts[1], "%s and %s differ in size", first, second);
    cr_assert_arr_eq(a, b, counts[0] * sizeof *a, "%s and %s differ", first, second);
    free(a);
    free(b);
}

Test(process, repeats_and_does_not_depend_on_the_batch)
{
    make_raw("L-Alanine,L-Lactate,Citrate");
    succeeds("process $D/raw --out $D/all.h5");
    succeeds("process $D/raw --out $D/again.h5");
    same_contents("all.h5", "again.h5");
    succeeds("process $D/raw/L-Alanine $D/raw/L-Lactate --out $D/part.h5");
    succeeds("process $D/raw/L-Alanine/2 --out $D/one.h5");
    size_t counts[3];
    float *all = contents("all.h5", &counts[0]);
    float *part = contents("part.h5", &counts[1]);
    float *one = contents("one.h5", &counts[2]);
    size_t points = counts[2] - 2;
    /* rows are in the order of paths: Citrate/1, Citrate/2, L-Alanine/1, L-Alanine/2 ... */
    cr_assert_arr_eq(all + 3 * points, one, points * sizeof *one,
                     "L-Alanine/2 alone and in a tree");
    cr_assert_arr_eq(part + points, one, points * sizeof *one, "L-Alanine/2 alone and among four");
    free(all);
    free(part);
    free(one);
}

/* What TopSpin made of a FID must not matter: its phases and its spectrum are scrambled. */
Test(process, never_reads_phases_or_1r)
{
    make_raw("L-Alanine,L-Valine");
    succeeds("process $D/raw --out $D/before.h5");
    cr_assert_eq(shell("for p in $D/raw/*/*/pdata/1; do "
                       "sed -i 's/^##$PHC0=.*/##$PHC0= 123.4/; s/^##$PHC1=.*/##$PHC1= -77.7/' "
                       "$p/procs $p/proc && head -c 65536 /dev/urandom > $p/1r; done && "
                       "grep -q 'PHC0= 123.4' $D/raw/L-Alanine/1/pdata/1/procs"),
                 0);
    succeeds("process $D/raw --out $D/after.h5");
    same_contents("before.h5", "after.h5");
}

Test(process, a_tree_with_bad_entries_is_done_and_says_which)
{
    make_raw("L-Alanine");
    cr_assert_eq(shell("mkdir -p $D/raw/empty/1 $D/raw/lonely/1 && : > $D/raw/empty/1/fid && "
                       "cp $D/raw/L-Alanine/1/acqus $D/raw/empty/1/ && "
                       "cp $D/raw/L-Alanine/1/fid $D/raw/lonely/1/"),
                 0);
    succeeds("process $D/raw --out $D/good.h5");
    cr_assert(strstr(messages(), "empty/1/fid") != NULL, "%s", messages());
    cr_assert(strstr(messages(), "lonely/1/acqus") != NULL, "%s", messages());
    cr_assert(strstr(messages(), "2 of 4") != NULL, "%s", messages());
    fails("process $D/raw/empty --out $D/none.h5", 3, "none of 1");
    cr_assert_eq(shell("[ ! -e $D/none.h5 ]"), 0);
}

Test(process, refusals_before_any_work)
{
    make_raw("L-Alanine");
    fails("process $D/raw", 2, "--out");
    fails("process --out $D/x.h5", 2, "usage");
    fails("process $D/nowhere --out $D/x.h5", 3, "nowhere");
    cr_assert_eq(shell("mkdir $D/hollow"), 0);
    fails("process $D/hollow --out $D/x.h5", 3, "no FID");
    fails("process $D/raw --out $D/x.h5 --recipe $D/no.yml", 3, "no.yml");
    fails("process $D/raw --out $D/x.h5 --set process.apodisatoin.lb_hz=1", 3, "apodisation");
    fails("process $D/raw --out $D/x.h5 --set axis.last_ppm=20", 3, "above last_ppm");
    fails("process $D/raw --out $D/no/such/folder/x.h5", 5, "folder");
    fails("process $D/raw --out $D/x.h5 --device nonesuch", 4, "nonesuch");
    cr_assert_eq(
        shell("printf 'fidmix: 1\\nprocess:\\n  - fft\\n  - apodisation\\n  - resample\\n' "
              "> $D/order.yml"),
        0);
    fails("process $D/raw --out $D/x.h5 --recipe $D/order.yml", 3, "before fft");
    cr_assert_eq(shell("echo kept > $D/x.h5"), 0);
    fails("process $D/raw --out $D/x.h5", 5, "exists");
    cr_assert_eq(shell("[ \"$(cat $D/x.h5)\" = kept ]"), 0, "an output that existed was touched");
}

Test(process, no_device_is_a_status)
{
    make_raw("L-Alanine");
    setenv("OCL_ICD_VENDORS", "/nowhere", 1);
    fails("process $D/raw --out $D/x.h5", 4, "pocl-opencl-icd");
}

/* Killed at many moments, then resumed: the same contents as without. */
Test(process, killed_and_resumed_to_the_same_contents)
{
    make_raw("L-Alanine,L-Lactate,Citrate,L-Valine");
    succeeds("process $D/raw --out $D/whole.h5");
    for (int k = 0; k < 6; ++k) {
        char script[512];
        snprintf(script, sizeof script,
                 "timeout -s KILL 0.%d " FMX_PROGRAM
                 " process $D/raw --out $D/killed.h5 --resume > /dev/null 2>&1; true",
                 k + 1);
        cr_assert_eq(shell(script), 0);
    }
    succeeds("process $D/raw --out $D/killed.h5 --resume");
    same_contents("whole.h5", "killed.h5");
    succeeds("process $D/raw --out $D/killed.h5 --resume");
    cr_assert(strstr(messages(), "up to date") != NULL, "%s", messages());
    cr_assert_eq(shell("[ ! -e $D/killed.h5.part ]"), 0);
}

Test(process, other_nuclei_go_to_files_beside)
{
    make_raw("L-Alanine,L-Lactate");
    cr_assert_eq(shell("sed -i 's/^##$NUC1=.*/##$NUC1= <13C>/' $D/raw/L-Lactate/*/acqus"), 0);
    succeeds("process $D/raw --out $D/set.h5");
    cr_assert(strstr(messages(), "set.13C.h5") != NULL, "%s", messages());
    cr_assert_eq(shell("[ -s $D/set.h5 ] && [ -s $D/set.13C.h5 ]"), 0);
}

Test(process, vendor_spectra_enter_after_the_transform)
{
    const char *shared = fmx_test_shared("data/bruker_processed_only");
    char arguments[1024];
    folder = fmx_test_folder();
    snprintf(arguments, sizeof arguments, "process %s --out $D/vendor.h5", shared);
    succeeds(arguments);
    size_t count = 0;
    float *all = contents("vendor.h5", &count);
    float highest = 0;
    for (size_t i = 0; i < count; ++i)
        highest = all[i] > highest ? all[i] : highest;
    cr_assert_gt(highest, 0);
    free(all);
}

/* The profile of a run names every stage of its recipe that launches kernels. */
Test(process, profile_shows_the_stages)
{
    make_raw("L-Alanine");
    succeeds("process $D/raw --out $D/x.h5 --profile");
    static const char *const stages[] = {"apodisation", "zero_filling", "fft", "baseline",
                                         "resample"};
    for (size_t i = 0; i < sizeof stages / sizeof *stages; ++i)
        cr_assert(strstr(messages(), stages[i]) != NULL, "%s: %s", stages[i], messages());
}

/* The two runs that docs/stages/normalise.md describes; the second does not depend on what else is
 * processed with a decay, though its reference does. */
Test(process, quotients_to_the_median_of_an_earlier_run)
{
    make_raw("L-Alanine,L-Lactate,Citrate");
    cr_assert_eq(shell("printf 'fidmix: 1\\nprocess: [fft, autophase: {method: lines}, noise, "
                       "resample, normalise]\\n' > $D/r.yml"),
                 0);
    fails("process $D/raw --out $D/pqn.h5 --recipe $D/r.yml --set process.normalise.method=pqn", 3,
          "process.normalise.reference=area.h5");
    fails("process $D/raw --out $D/pqn.h5 --recipe $D/r.yml --set process.normalise.method=pqn "
          "--set process.normalise.reference=$D/area.h5",
          3, "area.h5");
    cr_assert_eq(shell("[ ! -e $D/pqn.h5.part ]"), 0, "refused only after the output was begun");
    succeeds("process $D/raw --out $D/area.h5 --recipe $D/r.yml "
             "--set process.normalise.method=area");
    succeeds("process $D/raw --out $D/pqn.h5 --recipe $D/r.yml --set process.normalise.method=pqn "
             "--set process.normalise.reference=$D/area.h5");
    succeeds("process $D/raw/L-Alanine/2 --out $D/one.h5 --recipe $D/r.yml --set "
             "process.normalise.method=pqn --set process.normalise.reference=$D/area.h5");
    size_t counts[3];
    float *pqn = contents("pqn.h5", &counts[0]);
    float *one = contents("one.h5", &counts[1]);
    float *area = contents("area.h5", &counts[2]);
    size_t points = counts[1] - 2;
    cr_assert_arr_eq(pqn + 3 * points, one, points * sizeof *one, "L-Alanine/2 alone, in a tree");
    cr_assert_neq(memcmp(pqn, area, 6 * points * sizeof *pqn), 0, "the quotient does nothing");
    fails("process $D/raw --out $D/other.h5 --recipe $D/r.yml --set axis.first_ppm=11 --set "
          "process.normalise.method=pqn --set process.normalise.reference=$D/area.h5",
          3, "same axis");
    free(pqn);
    free(one);
    free(area);
}
