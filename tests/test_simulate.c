#include <complex.h>
#include <dirent.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base.h"
#include "csv_read.h"
#include "fidmix/simulate.h"
#include "fmx_test.h"

static const double pi = 3.14159265358979323846;
#define SPINS FMX_SOURCE_DIR "/data/spin_systems.yml"

static fmx_spin_library read_library(const fmx_test *test)
{
    fmx_spin_library library;
    fmx_test_ok(test, fmx_spin_library_read(test->ctx, SPINS, &library), "spin systems");
    return library;
}

static size_t index_of(const fmx_spin_library *library, const char *name)
{
    size_t index = 0;
    cr_assert(fmx_spin_library_find(library, name, &index), "%s", name);
    return index;
}

/* Makes one FID; *out is released with free(). */
static fmx_simulated_truth make(const fmx_test *test, const fmx_spin_library *library,
                                const fmx_simulation *options, const fmx_simulated_sample *sample,
                                fmx_row *row, float **out)
{
    fmx_simulator *simulator = NULL;
    fmx_signal signal;
    fmx_simulated_truth truth;
    *out = fmx_test_random(2 * options->points, 1);
    fmx_test_ok(test, fmx_simulator_create(test->ctx, library, options, &simulator), "simulator");
    fmx_test_ok(test, fmx_simulator_make(simulator, test->device, sample, 1, &signal, &truth),
                "simulate");
    fmx_test_ok(test, fmx_signal_read(&signal, *out), "read");
    if (row != NULL)
        *row = signal.row[0];
    fmx_signal_clear(&signal);
    fmx_simulator_destroy(simulator);
    return truth;
}

/* The unscaled transform at hz from the transmitter, delay removed, exponential window, corrected.
 */
static double complex spectrum_at(const float *fid, size_t points, const fmx_row *row,
                                  double window_hz, double hz, const fmx_simulated_truth *truth)
{
    double complex sum = 0;
    for (size_t n = 0; n < points; ++n) {
        double t = ((double)n - row->group_delay) / row->sw_hz;
        sum += (fid[2 * n] + I * fid[2 * n + 1]) * cexp(-2 * pi * I * hz * t) *
               exp(-pi * window_hz * fmax(t, 0));
    }
    double j = 0.5 - hz / row->sw_hz;
    return sum * cexp(I * pi / 180 * (truth->p0_deg + truth->p1_deg * j));
}

static const fmx_simulation clean = {
    .field_mhz = 400,
    .points = 8192,
    .centre_ppm = 4.7,
    .group_delay = 67.9842071533203,
    .width_low_hz = 0.8,
    .width_high_hz = 1.6,
    .gaussian_hz = 0.2,
    .water_ppm = 4.7,
    .water_width_hz = 4,
    .p0_deg = 180,
    .p1_deg = 30,
    .reference = FMX_SIMULATE_NONE,
    .seed = 5,
};

/* The highest line as the definition says, by the transform itself; the noise as it is added. */
Test(simulate, signal_to_noise)
{
    fmx_test test = fmx_test_open();
    fmx_spin_library library = read_library(&test);
    const char *const names[] = {"L-Alanine", "Citrate", "L-Valine", "Choline"};
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
        fmx_simulated_part part = {index_of(&library, names[i]), 1};
        fmx_simulated_sample sample = {names[i], 1, &part, 1};
        fmx_simulation options = clean;
        fmx_row row;
        float *quiet = NULL;
        float *noisy = NULL;
        fmx_simulated_truth truth = make(&test, &library, &options, &sample, &row, &quiet);
        cr_assert_eq(truth.noise_sigma, 0);
        /* over the lines of the compound in steps of a tenth of a hertz, in its upfield half */
        fmx_line_list lines;
        fmx_test_ok(&test,
                    fmx_spin_lines(test.ctx, &library.compound[part.compound], options.field_mhz,
                                   NULL, &lines),
                    "lines");
        double highest = 0;
        for (size_t l = 0; l < lines.count; ++l) {
            bool strong = lines.line[l].intensity > 0.15;
            for (double d = -0.4; strong && d <= 0.4; d += 0.1) {
                double hz = lines.line[l].hz + d - (row.obs_mhz - row.sf_mhz) * 1e6;
                highest =
                    fmax(highest, creal(spectrum_at(quiet, options.points, &row, 0.3, hz, &truth)));
            }
        }
        fmx_line_list_clear(&lines);
        /* lines further than 30 widths are left out of `highest`, and the grid misses the top by
         * a twentieth of a hertz at most */
        cr_assert_float_eq(truth.highest / highest, 1, 0.02, "%s: %g, transform %g", names[i],
                           truth.highest, highest);
        options.snr = 50;
        truth = make(&test, &library, &options, &sample, &row, &noisy);
        double sum = 0;
        double gain = 0;
        for (size_t n = 0; n < options.points; ++n) {
            gain += exp(-2 * pi * 0.3 * (double)n / row.sw_hz);
            for (size_t k = 0; k < 2; ++k)
                sum += pow((double)noisy[2 * n + k] - quiet[2 * n + k], 2);
        }
        double sigma = sqrt(sum / (2 * (double)options.points));
        cr_assert_float_eq(truth.noise_sigma * sqrt(gain) * 50 / truth.highest, 1, 1e-9);
        /* 16384 samples: one standard deviation of sigma is 0.55 % */
        cr_assert_float_eq(sigma / truth.noise_sigma, 1, 0.025, "%s", names[i]);
        free(quiet);
        free(noisy);
    }
    fmx_spin_library_clear(&library);
    fmx_test_close(&test);
}

/* At every strong line the stated correction leaves no dispersion. */
Test(simulate, phase_truth)
{
    fmx_test test = fmx_test_open();
    fmx_spin_library library = read_library(&test);
    fmx_simulated_part part[] = {{index_of(&library, "Acetate"), 1},
                                 {index_of(&library, "Formate"), 3},
                                 {index_of(&library, "Fumarate"), 2}};
    for (uint32_t replicate = 1; replicate <= 6; ++replicate) {
        fmx_simulated_sample sample = {"three singlets", replicate, part, 3};
        fmx_simulation options = clean;
        fmx_row row;
        float *fid = NULL;
        options.p1_deg = 90;
        fmx_simulated_truth truth = make(&test, &library, &options, &sample, &row, &fid);
        cr_assert(fabs(truth.p0_deg) <= 180 && fabs(truth.p1_deg) <= 90);
        for (size_t p = 0; p < 3; ++p) {
            const fmx_compound *compound = &library.compound[part[p].compound];
            double hz = compound->group[0].ppm * 400 - (row.obs_mhz - row.sf_mhz) * 1e6;
            double complex x = spectrum_at(fid, options.points, &row, 0.3, hz, &truth);
            cr_assert_lt(fabs(carg(x)) * 180 / pi, 0.3, "replicate %u, %s: %.3f degrees", replicate,
                         compound->name, carg(x) * 180 / pi);
        }
        free(fid);
    }
    fmx_spin_library_clear(&library);
    fmx_test_close(&test);
}

Test(simulate, water_stands_as_high_as_asked)
{
    fmx_test test = fmx_test_open();
    fmx_spin_library library = read_library(&test);
    fmx_simulated_part part = {index_of(&library, "Acetate"), 1};
    fmx_simulated_sample sample = {"wet", 1, &part, 1};
    fmx_simulation options = clean;
    fmx_row row;
    float *fid = NULL;
    options.water = 100;
    fmx_simulated_truth truth = make(&test, &library, &options, &sample, &row, &fid);
    double hz = truth.water_ppm * 400 - (row.obs_mhz - row.sf_mhz) * 1e6;
    double complex x = spectrum_at(fid, options.points, &row, 0.3, hz, &truth);
    cr_assert_float_eq(creal(x) / (100 * truth.highest), 1, 0.01, "%g", creal(x) / truth.highest);
    free(fid);
    fmx_spin_library_clear(&library);
    fmx_test_close(&test);
}

/* Two singlets far apart: each moves by its own amount within the range; the reference stays. */
Test(simulate, multiplets_move)
{
    fmx_test test = fmx_test_open();
    fmx_spin_library library = read_library(&test);
    fmx_simulated_part part = {index_of(&library, "Betaine"), 1}; /* 3.25 and 3.89 ppm */
    double place[2] = {library.compound[part.compound].group[0].ppm,
                       library.compound[part.compound].group[1].ppm};
    double found[2][8];
    fmx_simulation options = clean;
    options.multiplet_shift_ppm = 0.02;
    for (uint32_t replicate = 0; replicate < 8; ++replicate) {
        fmx_simulated_sample sample = {"moved", replicate + 1, &part, 1};
        fmx_row row;
        float *fid = NULL;
        fmx_simulated_truth truth = make(&test, &library, &options, &sample, &row, &fid);
        for (int k = 0; k < 2; ++k) {
            double most = 0;
            for (double d = -0.04; d <= 0.04; d += 0.0005) { /* a fifth of a hertz */
                double hz = (place[k] + d) * 400 - (row.obs_mhz - row.sf_mhz) * 1e6;
                double height = creal(spectrum_at(fid, options.points, &row, 0.3, hz, &truth));
                if (height > most) {
                    most = height;
                    found[k][replicate] = d;
                }
            }
            cr_assert_leq(fabs(found[k][replicate]), 0.0205);
        }
        free(fid);
    }
    double spread = 0;
    double between = 0;
    for (int r = 1; r < 8; ++r) {
        spread = fmax(spread, fabs(found[0][r] - found[0][0]));
        between = fmax(between, fabs((found[0][r] - found[1][r]) - (found[0][0] - found[1][0])));
    }
    cr_assert_gt(spread, 0.005, "%g", spread);
    cr_assert_gt(between, 0.005, "%g", between);
    fmx_spin_library_clear(&library);
    fmx_test_close(&test);
}

/* The signal to noise of each FID, when it is a range. */
Test(simulate, signal_to_noise_is_drawn)
{
    fmx_test test = fmx_test_open();
    fmx_spin_library library = read_library(&test);
    fmx_simulated_part part = {index_of(&library, "Acetate"), 1};
    fmx_simulation options = clean;
    double low = 1e9;
    double high = 0;
    options.points = 1024;
    options.snr = 20;
    options.snr_high = 200;
    for (uint32_t replicate = 1; replicate <= 16; ++replicate) {
        fmx_simulated_sample sample = {"drawn", replicate, &part, 1};
        float *fid = NULL;
        fmx_simulated_truth truth = make(&test, &library, &options, &sample, NULL, &fid);
        cr_assert(truth.snr >= 20 && truth.snr <= 200 && truth.noise_sigma > 0, "%g", truth.snr);
        low = fmin(low, truth.snr);
        high = fmax(high, truth.snr);
        free(fid);
    }
    /* log-uniform: all 16 in the upper two thirds, or in the lower: (2/3)^16 = 0.15 % each */
    cr_assert(low < 43 && high > 93, "%g to %g", low, high);
    fmx_spin_library_clear(&library);
    fmx_test_close(&test);
}

/* Amounts add up, and a sample is the same in every batch. */
Test(simulate, mixtures_and_batches)
{
    fmx_test test = fmx_test_open();
    fmx_spin_library library = read_library(&test);
    fmx_simulated_part part[] = {{index_of(&library, "Ethanol"), 2},
                                 {index_of(&library, "L-Lactate"), 0.5}};
    fmx_simulated_sample sample[] = {{"m", 1, part, 2}, {"m", 1, part, 1}, {"m", 1, part + 1, 1}};
    fmx_simulation options = clean;
    options.points = 2048;
    fmx_simulator *simulator = NULL;
    fmx_signal signal;
    float *all = fmx_test_random(6 * options.points, 1);
    float *one = NULL;
    fmx_test_ok(&test, fmx_simulator_create(test.ctx, &library, &options, &simulator), "simulator");
    fmx_test_ok(&test, fmx_simulator_make(simulator, test.device, sample, 3, &signal, NULL),
                "make");
    fmx_test_ok(&test, fmx_signal_read(&signal, all), "read");
    fmx_signal_clear(&signal);
    for (size_t i = 0; i < 2 * options.points; ++i)
        cr_assert_float_eq(all[i], all[2 * options.points + i] + all[4 * options.points + i],
                           2e-5 * 11.5, "value %zu", i); /* 11.5 protons; roundings and sines */
    (void)make(&test, &library, &options, &sample[2], NULL, &one);
    cr_assert_arr_eq(one, all + 4 * options.points, 2 * options.points * sizeof(float));
    free(one);
    free(all);
    fmx_simulator_destroy(simulator);
    fmx_spin_library_clear(&library);
    fmx_test_close(&test);
}

Test(simulate, refusals)
{
    fmx_test test = fmx_test_open();
    fmx_spin_library library = read_library(&test);
    fmx_simulation options = clean;
    fmx_simulator *simulator = NULL;
    fmx_signal signal;
    options.width_high_hz = 0.1;
    fmx_test_refused(&test, fmx_simulator_create(test.ctx, &library, &options, &simulator),
                     FMX_ERROR_ARGUMENT, "width_high_hz");
    options = clean;
    options.group_delay = 3;
    fmx_test_refused(&test, fmx_simulator_create(test.ctx, &library, &options, &simulator),
                     FMX_ERROR_ARGUMENT, "group_delay");
    options = clean;
    fmx_test_ok(&test, fmx_simulator_create(test.ctx, &library, &options, &simulator), "simulator");
    fmx_simulated_part part = {library.count, 1};
    fmx_simulated_sample sample = {"s", 1, &part, 1};
    fmx_test_refused(&test, fmx_simulator_make(simulator, test.device, &sample, 1, &signal, NULL),
                     FMX_ERROR_ARGUMENT, "part 0");
    part = (fmx_simulated_part){0, -1};
    fmx_test_refused(&test, fmx_simulator_make(simulator, test.device, &sample, 1, &signal, NULL),
                     FMX_ERROR_ARGUMENT, "part 0");
    fmx_simulator_destroy(simulator);
    fmx_spin_library_clear(&library);
    fmx_test_close(&test);
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

Test(simulate, csv)
{
    fmx_test test = fmx_test_open_host();
    char path[512];
    fmx__csv csv;
    snprintf(path, sizeof path, "%s/t.csv", fmx_test_folder());
    write_text(path, "# note\n a , \"b, \"\"c\"\"\" ,\r\n\n1,2");
    fmx_test_ok(&test, fmx__csv_read(test.ctx, path, 1000, &csv), "csv");
    cr_assert_eq(csv.count, 2);
    cr_assert_eq(csv.row[0].count, 3);
    cr_assert_str_eq(csv.row[0].field[0], "a");
    cr_assert_str_eq(csv.row[0].field[1], "b, \"c\"");
    cr_assert_str_eq(csv.row[0].field[2], "");
    cr_assert_eq(csv.row[1].line, 4);
    cr_assert_str_eq(csv.row[1].field[1], "2");
    fmx__csv_clear(&csv);
    const char *const bad[][2] = {{"a,\"b\n", "does not end"}, {"\"a\"b,c\n", "behind"}};
    for (size_t i = 0; i < 2; ++i) {
        write_text(path, bad[i][0]);
        fmx_test_refused(&test, fmx__csv_read(test.ctx, path, 1000, &csv), FMX_ERROR_FORMAT,
                         bad[i][1]);
        fmx__csv_clear(&csv);
    }
    fmx_test_close(&test);
}

/* ---- the program ------------------------------------------------------------------------------
 */

/* Runs the program quietly; its exit code. */
static int run(const char *arguments)
{
    char command[2048];
    snprintf(command, sizeof command, "%s simulate --spins %s %s >/dev/null 2>&1", FMX_PROGRAM,
             SPINS, arguments);
    int rc = system(command);
    return WIFEXITED(rc) ? WEXITSTATUS(rc) : -1;
}

static bool same_trees(const char *a, const char *b)
{
    char command[1024];
    snprintf(command, sizeof command, "diff -r -x simulation.txt %s %s >/dev/null", a, b);
    return system(command) == 0;
}

static bool exists(const char *folder, const char *name)
{
    char path[1024];
    struct stat info;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return stat(path, &info) == 0;
}

static void use_device(void)
{
    /* the runtime is chosen by OCL_ICD_VENDORS; a test of the host alone would skip nothing */
    fmx_test test = fmx_test_open();
    fmx_test_close(&test);
}

Test(simulate, program)
{
    char base[256], arguments[1024], a[300], b[300];
    use_device();
    snprintf(base, sizeof base, "%s", fmx_test_folder());
    snprintf(a, sizeof a, "%s/a", base);
    snprintf(b, sizeof b, "%s/b", base);
    const char *what = "--only 'L-Alanine,1,2-Propanediol' --per-compound 2 --points 2048 --seed 3";
    snprintf(arguments, sizeof arguments, "--out %s %s", a, what);
    cr_assert_eq(run(arguments), 0);
    cr_assert(exists(a, "L-Alanine/2/fid") && exists(a, "1_2-Propanediol/1/acqus"));
    cr_assert(exists(a, "truth.csv"));
    /* the same again, elsewhere: the same bytes */
    snprintf(arguments, sizeof arguments, "--out %s %s", b, what);
    cr_assert_eq(run(arguments), 0);
    cr_assert(same_trees(a, b));
    /* what is there is refused, or resumed to the same contents */
    cr_assert_eq(run(arguments), 5);
    char path[400];
    snprintf(path, sizeof path, "%s/L-Alanine/2/fid", b);
    cr_assert_eq(unlink(path), 0);
    snprintf(path, sizeof path, "%s/truth.csv", b);
    cr_assert_eq(unlink(path), 0);
    snprintf(arguments, sizeof arguments, "--out %s %s --resume", b, what);
    cr_assert_eq(run(arguments), 0);
    cr_assert(same_trees(a, b));
    snprintf(arguments, sizeof arguments, "--out %s %s --resume --snr 10", b, what);
    cr_assert_eq(run(arguments), 5);

    fmx_test test = fmx_test_open_host();
    fmx_source_list list = {0};
    fmx_test_ok(&test, fmx_source_find(test.ctx, a, false, &list), "find");
    cr_assert_eq(list.count, 4);
    fmx_fid fid;
    fmx_test_ok(&test, fmx_fid_read(test.ctx, &list.item[0], FMX_READ_DATA, &fid), "read");
    cr_assert_eq(fid.points, 2048);
    cr_assert_float_eq(fid.sw_hz, 4800, 1e-9);
    cr_assert_float_eq(fid.group_delay, 67.9842071533203, 1e-9);
    cr_assert_str_eq(fid.nucleus, "1H");
    cr_assert_str_eq(fid.name, "1_2-Propanediol");
    fmx_fid_clear(&fid);
    fmx_source_list_clear(&list);
    fmx_test_close(&test);
}

Test(simulate, program_mixtures_and_bad_input)
{
    char base[256], arguments[1024], csv[300];
    use_device();
    snprintf(base, sizeof base, "%s", fmx_test_folder());
    snprintf(csv, sizeof csv, "%s/m.csv", base);
    write_text(csv, "sample,compound,amount\n../x,Ethanol,2\n7,\"1,2-Propanediol\",0.5\n"
                    "../x,Lactate,1\n");
    snprintf(arguments, sizeof arguments, "--out %s/m --mixtures %s --points 1024", base, csv);
    cr_assert_eq(run(arguments), 0);
    cr_assert(exists(base, "m/_._x/1/fid") && exists(base, "m/sample_7/1/fid"));
    const char *const bad[] = {"x,Ethanol\n", "x,Ethanol,-1\n", "x,Ethanl,1\n", "",
                               "x,Ethanol,1\nx,Ethanol,2\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
        write_text(csv, bad[i]);
        snprintf(arguments, sizeof arguments, "--out %s/n --mixtures %s", base, csv);
        cr_assert_eq(run(arguments), 3, "%s", bad[i]);
    }
    snprintf(arguments, sizeof arguments, "--out %s/n --only Nothing", base);
    cr_assert_eq(run(arguments), 3);
    cr_assert_eq(run("--only Ethanol"), 2);
    const char *const usage[] = {"--snr x",
                                 "--phase-error 1:2:3",
                                 "--reference water",
                                 "--sw-hz 5000 --sw-ppm 12",
                                 "--line-width-hz 3:1",
                                 "--group-delay 5"};
    for (size_t i = 0; i < sizeof usage / sizeof *usage; ++i) {
        snprintf(arguments, sizeof arguments, "--out %s/n %s", base, usage[i]);
        cr_assert_eq(run(arguments), 2, "%s", usage[i]);
    }
    cr_assert_not(exists(base, "n"));
    snprintf(arguments, sizeof arguments, "--out /proc/nowhere/n --only Ethanol");
    cr_assert_eq(run(arguments), 5);
}

/* Ctrl-C in the middle, then --resume: the same contents as without. */
Test(simulate, program_interrupted)
{
    char base[256], a[300], b[300], arguments[1024];
    use_device();
    snprintf(base, sizeof base, "%s", fmx_test_folder());
    snprintf(a, sizeof a, "%s/a", base);
    snprintf(b, sizeof b, "%s/b", base);
    const char *what = "--only Ethanol,Formate,Acetate --per-compound 30 --points 512";
    snprintf(arguments, sizeof arguments, "--out %s %s", a, what);
    cr_assert_eq(run(arguments), 0);
    pid_t child = fork();
    if (child == 0) {
        freopen("/dev/null", "w", stderr);
        execl(FMX_PROGRAM, FMX_PROGRAM, "simulate", "--spins", SPINS, "--out", b, "--only",
              "Ethanol,Formate,Acetate", "--per-compound", "30", "--points", "512", (char *)NULL);
        _exit(99);
    }
    const struct timespec pause = {0, 2000000};
    for (int i = 0; i < 30000 && !exists(b, "Ethanol/2/fid"); ++i)
        nanosleep(&pause, NULL);
    kill(child, SIGINT);
    int rc = 0;
    waitpid(child, &rc, 0);
    cr_assert(WIFEXITED(rc) && WEXITSTATUS(rc) == 130, "status %d", rc);
    cr_assert_not(exists(b, "truth.csv"));
    snprintf(arguments, sizeof arguments, "--out %s %s --resume", b, what);
    cr_assert_eq(run(arguments), 0);
    cr_assert(same_trees(a, b));
}

/* Killed while its stamp was being written: nothing is there yet, so that it begins anew. */
Test(simulate, a_stamp_half_written)
{
    char command[2048];
    snprintf(command, sizeof command,
             "cd %s && mkdir c && touch c/simulation.txt.17.part && " FMX_PROGRAM
             " simulate --spins " SPINS " --only Formate --per-compound 1 --points 512 --out c "
             "--resume 2> err && [ -f c/simulation.txt ] && [ -f c/truth.csv ]",
             fmx_test_folder());
    cr_assert_eq(system(command), 0, "%s", command);
}
