/* A disk of which a test decides. Loaded before the C library it answers for fsync and write.

   DISK_ROOT     folder of the history
   DISK_DURABLE  when set: folder that keeps what a power loss would leave. With each fsync of a
                 file its content is copied there, with each fsync of a folder its names; the
                 real disk is not asked, which is quick.
   DISK_STEPS    when set beside it: the process stops itself (SIGSTOP) before each such fsync
   DISK_FULL     when set: a file "<ending> <count>" that a test may write: from then on, <count>
                 writes to files whose names end so meet a full disk
   CLOCK_STEP    when set: a file of eight bytes: nanoseconds by which the wall clock is off */

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define REAL(name, ...) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))(__VA_ARGS__)

/* A name for a file that no other file has later: the number of an inode is used again. */
static int key_of(int folder, const char *name, char *key, size_t size, int *is_folder) {
    struct statx found;
    int flags = AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW;
    if (statx(folder, name, flags, STATX_INO | STATX_BTIME | STATX_TYPE, &found)) return -1;
    snprintf(key, size, "%llu-%lld-%u", (unsigned long long)found.stx_ino,
             (long long)found.stx_btime.tv_sec, found.stx_btime.tv_nsec);
    if (is_folder) *is_folder = S_ISDIR(found.stx_mode);
    return 0;
}

int key_of_path(const char *path, char *key, int size) {
    return key_of(AT_FDCWD, path, key, size, NULL);
}

static void copy_names(const char *path, FILE *out) {
    char key[96];
    int is_folder;
    DIR *folder = opendir(path);
    if (!folder) return;
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        if (!key_of(dirfd(folder), entry->d_name, key, sizeof key, &is_folder))
            fprintf(out, "%s %s %s\n", is_folder ? "folder" : "file", key, entry->d_name);
    }
    closedir(folder);
}

static void copy_content(const char *path, int out) {
    char block[1 << 16];
    int in = open(path, O_RDONLY | O_CLOEXEC);
    for (ssize_t size; (size = read(in, block, sizeof block)) > 0;)
        if (REAL(write, out, block, size) != size) abort();
    close(in);
}

static void keep(int file, const char *path) {
    char key[96], staged[4300], kept[4200], lock[4200];
    int is_folder, guard;
    if (key_of(file, "", key, sizeof key, &is_folder)) return;
    snprintf(lock, sizeof lock, "%s/.lock", getenv("DISK_DURABLE"));
    snprintf(kept, sizeof kept, "%s/%s", getenv("DISK_DURABLE"), key);
    snprintf(staged, sizeof staged, "%s.tmp", kept);
    guard = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    flock(guard, LOCK_EX); /* or an older copy could take the place of a newer one */
    int out = open(staged, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (is_folder) {
        FILE *names = fdopen(out, "w");
        copy_names(path, names);
        fclose(names);
    } else {
        copy_content(path, out);
        close(out);
    }
    rename(staged, kept);
    close(guard);
}

static int path_of(int file, char *path, size_t size) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, size - 1);
    path[length < 0 ? 0 : length] = 0;
    const char *root = getenv("DISK_ROOT");
    return root && !strncmp(path, root, strlen(root));
}

static int is_kept(int file) {
    char path[4096];
    if (!getenv("DISK_DURABLE") || !path_of(file, path, sizeof path)) return 0;
    if (getenv("DISK_STEPS")) kill(getpid(), SIGSTOP);
    keep(file, path);
    return 1;
}

int fsync(int file) { return is_kept(file) ? 0 : REAL(fsync, file); }
int fdatasync(int file) { return is_kept(file) ? 0 : REAL(fdatasync, file); }

static int is_full(int file) {
    char path[4096], ending[64] = "";
    int left = 0;
    const char *plan = getenv("DISK_FULL");
    if (!plan || access(plan, F_OK) || !path_of(file, path, sizeof path)) return 0;
    FILE *said = fopen(plan, "r+");
    if (!said) return 0;
    if (fscanf(said, "%63s %d", ending, &left) != 2) left = 0;
    size_t length = strlen(path), tail = strlen(ending);
    int meets = left > 0 && length >= tail && !strcmp(path + length - tail, ending);
    if (meets) {
        rewind(said);
        fprintf(said, "%s %d \n", ending, left - 1);
    }
    fclose(said);
    if (meets) errno = ENOSPC;
    return meets;
}

ssize_t write(int file, const void *data, size_t size) {
    return is_full(file) ? -1 : REAL(write, file, data, size);
}
ssize_t pwrite(int file, const void *data, size_t size, off_t place) {
    return is_full(file) ? -1 : REAL(pwrite, file, data, size, place);
}
ssize_t pwrite64(int file, const void *data, size_t size, off64_t place) {
    return is_full(file) ? -1 : REAL(pwrite64, file, data, size, place);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    static volatile int64_t *step;
    int answer = REAL(clock_gettime, clock, now);
    if (clock != CLOCK_REALTIME || !getenv("CLOCK_STEP")) return answer;
    if (!step) {
        int file = open(getenv("CLOCK_STEP"), O_RDONLY | O_CLOEXEC);
        step = mmap(NULL, sizeof *step, PROT_READ, MAP_SHARED, file, 0);
        close(file);
    }
    int64_t moved = now->tv_sec * 1000000000LL + now->tv_nsec + *step;
    now->tv_sec = moved / 1000000000LL;
    now->tv_nsec = moved % 1000000000LL;
    return answer;
}
