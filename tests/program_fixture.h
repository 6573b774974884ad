/* Running the program as a user does. In every command $D stands for the test's folder. */
#ifndef PROGRAM_FIXTURE_H
#define PROGRAM_FIXTURE_H

/* The test's folder; make_raw sets it. */
extern const char *folder;

/* Runs `fidmix ARGUMENTS`, standard error to $D/err, or any shell script; the exit code. */
int fidmix(const char *arguments);
int shell(const char *script);

/* Standard error of the last run. */
const char *messages(void);

/* Runs fidmix and fails the test unless it exits with 0, or with `expected` and a message that
 * contains `part`. */
void succeeds(const char *arguments);
void fails(const char *arguments, int expected, const char *part);

/* A fresh folder, and in $D/raw two simulated FIDs of each compound (comma-separated). */
void make_raw(const char *compounds);

#endif
